// One line per event on standard error, for people (text) or programs (JSON).
//
// Thread-safe. Text lines read `I 12:34:56.789 message`; the level letter is D, I, W or E. The
// level is Info unless SetLogOptions or the environment variable TRAINYARD_LOG_LEVEL (debug, info,
// warning, error) says otherwise.
#pragma once

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace trainyard {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

struct LogOptions {
  LogLevel level = LogLevel::kInfo;
  bool json = false;  // {"time":...,"level":...,"message":...} per line
};

void SetLogOptions(const LogOptions& options);
void LogLine(LogLevel level, std::string_view message);

template <class... Args>
void LogDebug(fmt::format_string<Args...> text, Args&&... args) {
  LogLine(LogLevel::kDebug, fmt::format(text, std::forward<Args>(args)...));
}
template <class... Args>
void LogInfo(fmt::format_string<Args...> text, Args&&... args) {
  LogLine(LogLevel::kInfo, fmt::format(text, std::forward<Args>(args)...));
}
template <class... Args>
void LogWarning(fmt::format_string<Args...> text, Args&&... args) {
  LogLine(LogLevel::kWarning, fmt::format(text, std::forward<Args>(args)...));
}
template <class... Args>
void LogError(fmt::format_string<Args...> text, Args&&... args) {
  LogLine(LogLevel::kError, fmt::format(text, std::forward<Args>(args)...));
}

}  // namespace trainyard

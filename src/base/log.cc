#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <memory>
#include <string>

namespace trainyard {
namespace {

constexpr const char* kTextPattern = "%L %H:%M:%S.%e %v";

LogLevel LevelFromEnvironment() {
  const char* value = std::getenv("TRAINYARD_LOG_LEVEL");
  const std::string_view name = value == nullptr ? "" : value;
  if (name == "debug") return LogLevel::kDebug;
  if (name == "warning") return LogLevel::kWarning;
  if (name == "error") return LogLevel::kError;
  return LogLevel::kInfo;
}

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

// The process-wide sink. Leaked on purpose: lines may be written during static destruction.
spdlog::logger& Logger() {
  static auto* logger = [] {
    auto* created = new std::shared_ptr<spdlog::logger>(std::make_shared<spdlog::logger>(
        "trainyard", std::make_shared<spdlog::sinks::stderr_sink_mt>()));
    (*created)->set_pattern(kTextPattern);
    (*created)->set_level(ToSpdlog(LevelFromEnvironment()));
    (*created)->flush_on(spdlog::level::debug);
    return created;
  }();
  return **logger;
}

// The characters JSON does not allow inside a string; the sink's pattern adds the quotes.
std::string EscapeJson(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      escaped += '\\';
      escaped += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      escaped += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      escaped += c;
    }
  }
  return escaped;
}

bool g_json = false;

}  // namespace

void SetLogOptions(const LogOptions& options) {
  g_json = options.json;
  Logger().set_level(ToSpdlog(options.level));
  Logger().set_pattern(options.json
                           ? R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l","message":"%v"})"
                           : kTextPattern);
}

void LogLine(LogLevel level, std::string_view message) {
  if (g_json) {
    Logger().log(ToSpdlog(level), EscapeJson(message));
  } else {
    Logger().log(ToSpdlog(level), message);
  }
}

}  // namespace trainyard

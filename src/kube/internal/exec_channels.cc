#include "kube/internal/exec_channels.h"

#include <charconv>

#include "kube/api.h"

namespace trainyard::kube {
namespace {

std::optional<int> ExitCodeOf(const Json& status) {
  for (const Json& cause : GetList(status, {"details", "causes"})) {
    if (GetString(cause, {"reason"}) != "ExitCode") continue;
    const std::string text = GetString(cause, {"message"});
    int code = 0;
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, code);
    // A failure with the code of success is none that a caller could understand.
    if (error == std::errc() && rest == end && code != 0) return code;
  }
  return std::nullopt;
}

}  // namespace

std::optional<ExecMessage> ParseExecMessage(std::string_view message) {
  if (message.empty()) return std::nullopt;
  const auto channel = static_cast<ExecChannel>(message.front());
  switch (channel) {
    case ExecChannel::kStdin:
    case ExecChannel::kStdout:
    case ExecChannel::kStderr:
    case ExecChannel::kError:
    case ExecChannel::kResize:
    case ExecChannel::kClose:
      return ExecMessage{.channel = channel, .content = message.substr(1)};
  }
  return std::nullopt;
}

std::string FormatExecMessage(ExecChannel channel, std::string_view content) {
  std::string message;
  message.reserve(content.size() + 1);
  message.push_back(static_cast<char>(channel));
  return message.append(content);
}

Result<int> ParseExitCode(std::string_view attempt, std::string_view text) {
  ASSIGN_OR_RETURN(const Json status, ParseJson(attempt, text));
  const std::string outcome = GetString(status, {"status"});
  if (outcome == "Success") return 0;
  if (outcome != "Failure") return InvalidArgumentError("cannot {}: no Status came back", attempt);
  if (GetString(status, {"reason"}) == "NonZeroExitCode") {
    if (const std::optional<int> code = ExitCodeOf(status)) return *code;
  }
  const int http_status = static_cast<int>(GetInt(status, {"code"}, 500));
  // The node answers 500 for a command that is not there and for a container that does not run.
  if (http_status >= 500) {
    return FailedPreconditionError("cannot {}: {}", attempt, GetString(status, {"message"}));
  }
  return ToStatus(attempt, http_status, text);
}

}  // namespace trainyard::kube

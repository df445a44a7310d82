// The messages of v5.channel.k8s.io and v4.channel.k8s.io: a byte that names the channel, and its
// content. Pure, thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace trainyard::kube {

inline constexpr char kChannelV5[] = "v5.channel.k8s.io";
inline constexpr char kChannelV4[] = "v4.channel.k8s.io";

enum class ExecChannel : unsigned char {
  kStdin = 0,
  kStdout = 1,
  kStderr = 2,
  kError = 3,  // how it ended: a Status object, as the last message
  kResize = 4,
  kClose = 255,  // v5: the channel in the next byte ends here
};

struct ExecMessage {
  ExecChannel channel{};
  std::string_view content{};  // a part of the message
};

// nullopt for a message that is empty or of a channel that is not known.
std::optional<ExecMessage> ParseExecMessage(std::string_view message);

// "[0]content".
std::string FormatExecMessage(ExecChannel channel, std::string_view content);

// The exit code in the Status object of kError. Fails with what it says if the command could not be
// run, InvalidArgument for text that is no Status.
Result<int> ParseExitCode(std::string_view attempt, std::string_view text);

}  // namespace trainyard::kube

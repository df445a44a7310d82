// Runs a command in a container, over WebSocket (v5.channel.k8s.io, or v4).
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "kube/client.h"

namespace trainyard::kube {

struct ExecOptions {
  std::string name_space{};
  std::string pod{};
  std::string container{};
  std::vector<std::string> command{};
  std::string stdin_text{};  // given to the command, then end of file (v5; v4 cannot say so)
  bool has_stdin = false;
  std::chrono::milliseconds timeout{60'000};  // for all of it
};

struct ExecOutput {
  std::function<void(std::string_view)> on_stdout{};
  std::function<void(std::string_view)> on_stderr{};
};

// The command's exit code. Fails if it could not be run: NotFound, FailedPrecondition (the
// container does not run), Unavailable, DeadlineExceeded.
Result<int> Exec(Client* client, const ExecOptions& options, const ExecOutput& output);

}  // namespace trainyard::kube

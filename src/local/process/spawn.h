// Starting one process. Linux only.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/status.h"

namespace trainyard::local {

struct SpawnRequest {
  std::string program{};  // absolute path
  std::vector<std::string> argv{};
  std::vector<std::string> env{};  // NAME=value, the whole environment
  std::string directory{};
  int output = -1;                    // standard output and error; borrowed
  std::vector<std::string> groups{};  // files of control groups that the process enters first
};

// Starts the program as leader of a session of its own, with default signals, /dev/null as standard
// input and no other open file. The kernel kills it when the calling thread ends. Returns the
// process id once exec has succeeded, or why it has not; then nothing is left running.
//
// Between fork and exec only async-signal-safe calls are made, so a threaded caller is fine.
Result<pid_t> Spawn(const SpawnRequest& request);

}  // namespace trainyard::local

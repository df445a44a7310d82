// The process that stands between a runner and its replicas so that none is ever left behind.
//
//   trainyard (runner) <--socket--> guardian --+-- replica (own session)
//                                              +-- replica ...
//
// The guardian is the parent of the replicas and the "subreaper" of everything they start: a
// process that forks away, or into a session of its own, still is its descendant. When the runner
// says so, or dies in whatever way (the socket then closes, also after kill -9), the guardian ends
// every descendant: TERM, a short grace, KILL, until there is none. Should the guardian itself be
// killed, the kernel kills the replicas with it (PR_SET_PDEATHSIG), and the runner sweeps up what
// they had started by its mark in the environment (processes.h).
//
// The guardian is this same executable, started again. Every program that runs jobs therefore
// begins
//
//   int main(int argc, char** argv) {
//     if (const auto code = local::RunGuardianIfAsked(argc, argv)) return *code;
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>

#include "base/status.h"
#include "local/process/channel.h"

namespace trainyard::local {

// If this process was started as a guardian, does a guardian's work and gives the exit code.
std::optional<int> RunGuardianIfAsked(int argc, char** argv);

// The runner's end. Thread-compatible.
class Guardian {
 public:
  // Starts the guardian process. `title` is shown by ps. `held_fd` (-1: none) stays open in the
  // guardian until the last replica has ended: a lock on it outlives a killed runner.
  static Result<std::unique_ptr<Guardian>> Create(const std::string& title, int held_fd);

  // Closes the socket, on which the guardian ends all replicas; waits for it for a few seconds.
  ~Guardian();

  Channel& channel() { return channel_; }
  pid_t pid() const { return pid_; }

 private:
  Guardian(int fd, pid_t pid) : channel_(fd), pid_(pid) {}

  Channel channel_;
  pid_t pid_;
};

}  // namespace trainyard::local

// What a guardian process does; see guardian.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "local/channel.h"

namespace trainyard::local {

// Lives in a process of its own, single-threaded, until the runner is gone and every descendant
// ended.
class GuardianLoop {
 public:
  explicit GuardianLoop(int socket) : channel_(socket) {}

  // Serves the socket; the process's exit code.
  int Run();

 private:
  using Clock = std::chrono::steady_clock;

  struct Child {
    uint64_t id = 0;
    std::string mark;  // its value of TRAINYARD_RUN
    std::optional<Clock::time_point> kill_at;
  };

  bool Setup();
  void Handle(const Message& message);
  void Spawn(const Message& message);
  void SignalGroup(uint64_t id, int signal_number);
  void ReapChildren();
  void EndLeftovers(const Child& child);
  void KillOverdue();
  void EndEverything(Clock::duration grace);
  int WaitMillis() const;

  Channel channel_;
  int signals_ = -1;  // a signalfd
  bool is_finished_ = false;
  std::map<pid_t, Child> children_;
};

}  // namespace trainyard::local

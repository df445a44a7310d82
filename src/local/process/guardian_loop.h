// What a guardian process does; see guardian.h.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "local/logs/output_pump.h"
#include "local/process/cgroup.h"
#include "local/process/channel.h"

namespace trainyard::local {

// Lives in a process of its own, single-threaded, until the runner is gone and every descendant
// ended. Beside starting and ending replicas it writes their logs.
class GuardianLoop {
 public:
  explicit GuardianLoop(int socket) : channel_(socket) {}

  // Serves the socket; the process's exit code.
  int Run();

 private:
  using Clock = std::chrono::steady_clock;

  struct Child {
    uint64_t id = 0;
    std::string mark{};  // its value of TRAINYARD_RUN
    std::unique_ptr<OutputPump> output{};
    std::unique_ptr<Cgroup> group{};  // null: no limits
    std::optional<Clock::time_point> kill_at{};
  };
  // A child that has ended; the runner hears of it when all of its output is in the log.
  struct Ended {
    Message message{};
    std::unique_ptr<OutputPump> output{};
  };

  bool Setup();
  bool Wait(int max_millis);
  void Handle(const Message& message);
  void Spawn(const Message& message);
  Result<pid_t> Start(const Message& message, int output, Child* child);
  void SignalGroup(uint64_t id, int signal_number);
  void ReapChildren();
  void Bury(Child child, int status);
  void EndLeftovers(const Child& child);
  void ReportEnded();
  void KillOverdue();
  void EndEverything(Clock::duration grace);
  int WaitMillis() const;

  Channel channel_;
  int signals_ = -1;  // a signalfd
  bool is_finished_ = false;
  bool was_told_to_end_ = false;  // by a signal
  bool is_ending_ = false;        // nothing is taken from the runner any more
  std::map<pid_t, Child> children_{};
  std::vector<Ended> ended_{};
  std::optional<CgroupTrees> trees_{};  // looked for when the first replica with limits comes
  std::vector<char> buffer_{};          // for output on its way
};

}  // namespace trainyard::local

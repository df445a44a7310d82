// One replica of a job: its name, what the machinery outside sees of it, what is remembered of it.
//
// Plain values; thread-compatible. An *instance* is one life of a replica, one process or pod:
// instance 0 is the first, and each restart decided by Plan() has the next number. Numbers make
// planning safe to repeat: the same failed instance, seen twice, is restarted once.
#pragma once

#include <chrono>
#include <compare>
#include <string>

#include "spec/tfjob.h"

namespace trainyard::job {

using TimePoint = std::chrono::system_clock::time_point;

struct ReplicaId {
  spec::ReplicaType type = spec::ReplicaType::kWorker;
  int index = 0;

  std::string Name() const;  // "worker-1"

  friend auto operator<=>(const ReplicaId&, const ReplicaId&) = default;
};

// kPending --> kRunning --> kSucceeded (exit code 0)
//      |           |
//      +-----------+------> kFailed (any other end, a start that failed included)
enum class Phase { kPending, kRunning, kSucceeded, kFailed };

// The newest instance of a replica as the process table or the cluster shows it.
struct ReplicaView {
  ReplicaId id;
  int instance = 0;
  Phase phase = Phase::kPending;
  // Of an ended instance, 128 + the signal for a process ended by one; kFailed with 0: not known.
  // Of a running one with in_place_restarts: the code that its container ended with last.
  int exit_code = 0;
  bool disrupted = false;      // ended from outside: deleted, evicted, lost with its node
  bool out_of_memory = false;  // killed for more memory than its limit
  std::string waiting_for;     // kPending: why, if it is known ("ImagePullBackOff: ...")
  bool lingers = false;        // ended, while other containers of its pod still run
  int in_place_restarts = 0;   // of the container, by the kubelet, within this instance
  TimePoint started_at{};
  TimePoint ended_at{};

  bool is_active() const { return phase == Phase::kPending || phase == Phase::kRunning; }
};

// kNotStarted --> kWaiting --> kStarted --> kSucceeded
//      ^             ^            |
//      |             +--restart---+-------> kFailed (for good)
//      +--- suspended, scaled away, beyond the parallelism
enum class ReplicaState { kNotStarted, kWaiting, kStarted, kSucceeded, kFailed };

// What Plan() remembers of a replica between calls.
struct ReplicaRecord {
  ReplicaState state = ReplicaState::kNotStarted;
  int instance = 0;            // the instance that is to be started, is running, or was the last
  int restarts = 0;            // of every kind, over the whole job
  int in_place_restarts = 0;   // those of `instance` among them
  int quick_failures = 0;      // restarts in a row without a long healthy run: sets the delay
  int exit_code = 0;           // of the last instance that ended
  bool has_run = false;        // `instance` has been seen running
  bool is_stuck_told = false;  // that `instance` does not get to run has been told
  TimePoint start_after{};     // kWaiting: the earliest start
  TimePoint since{};  // when `instance` was asked for; once it has run, when that was first seen

  bool is_over() const {
    return state == ReplicaState::kSucceeded || state == ReplicaState::kFailed;
  }

  friend bool operator==(const ReplicaRecord&, const ReplicaRecord&) = default;
};

}  // namespace trainyard::job

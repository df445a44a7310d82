// Whether an ended instance is to be followed by another, and when. Pure, thread-safe.
#pragma once

#include <chrono>

#include "job/replica.h"
#include "spec/tfjob.h"

namespace trainyard::job {

enum class Verdict { kFinished, kRestart, kFailed };

// `decides_success` says that the job succeeds by this replica's success: such a replica is
// finished when it exits with 0 even under Always, which would otherwise never let the job end. An
// instance that was ended from outside is always restarted: it was not its own failure.
Verdict JudgeEnd(const ReplicaView& ended, spec::RestartPolicy policy, bool decides_success);

struct RestartDelays {
  std::chrono::milliseconds first{500};
  std::chrono::milliseconds longest{30'000};
  // An instance that ran this long was healthy: the next delay is the first one again.
  std::chrono::milliseconds healthy{600'000};
};

// Doubles from `first` to `longest` with each quick failure in a row (1 is the first).
std::chrono::milliseconds RestartDelay(int quick_failures, const RestartDelays& delays);

}  // namespace trainyard::job

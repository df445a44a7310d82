// How an instance that has ended is followed by the next: when, and after how many times no more.
// Whether it is at all, says JudgeEnd() in rules.h. Pure, thread-safe.
#pragma once

#include <chrono>
#include <optional>

#include "job/replica.h"
#include "spec/tfjob.h"

namespace trainyard::job {

struct RestartDelays {
  std::chrono::milliseconds first{500};
  std::chrono::milliseconds longest{30'000};
  // An instance that ran this long was healthy: the next delay is the first one again.
  std::chrono::milliseconds healthy{600'000};
};

// Doubles from `first` to `longest` with each quick failure in a row (1 is the first).
std::chrono::milliseconds RestartDelay(int quick_failures, const RestartDelays& delays);

// The job allows the replica one more restart.
bool MayRestart(const spec::TFJob& job, const ReplicaRecord& record);

// The replica has been restarted (by the kubelet, who knows no such limit) more often than the job
// allows for one.
bool IsOverLimit(const spec::TFJob& job, const ReplicaRecord& record);

// Until when the present instance may wait to run; nullopt: for ever, or it has not been asked for.
std::optional<TimePoint> WaitsUntil(const spec::TFJob& job, const ReplicaRecord& record);

// The present instance is done with: the next one is to be started after the delay.
void ScheduleRestart(bool was_healthy, const RestartDelays& delays, TimePoint now,
                     ReplicaRecord* record);

// Takes back an instance without it being a restart: suspended, scaled away, beyond the
// parallelism. A replica that is over stays so; another begins again under a number that `view`
// (null: nothing is seen) does not have, so that the old instance's end says nothing about it.
void SetAside(const ReplicaView* view, ReplicaRecord* record);

// `instance`, which something else than this record has begun, is the present one.
void AdoptInstance(int instance, ReplicaRecord* record);

}  // namespace trainyard::job

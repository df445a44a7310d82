// The local jobs of this user, as any process may look at them: what is recorded of each, and
// whether somebody is running it right now.
//
//   for (const LocalJob& job : ListJobs(Registry(DefaultStateDirectory()), now)) Show(job);
//
// Thread-compatible.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "local/state/job_record.h"
#include "local/state/registry.h"

namespace trainyard::local {

// kKilled: the run was not ended in order. kUnreadable: its record is damaged.
enum class Situation {
  kQueued,
  kRunning,
  kStopping,
  kStopped,
  kSuspended,
  kSucceeded,
  kFailed,
  kKilled,
  kUnreadable
};

struct LocalJob {
  std::string workdir{};
  Situation situation = Situation::kUnreadable;
  JobRecord record{};     // kUnreadable: named after the directory
  std::string problem{};  // kUnreadable: why

  bool is_alive() const {
    return situation == Situation::kQueued || situation == Situation::kRunning ||
           situation == Situation::kStopping;
  }
};

// What a record says, together with who holds the lock and whether the recorded runner is alive.
// Pure.
Situation SituationOf(const JobRecord& record, bool is_locked, bool is_runner_alive);

// Whether ttlSecondsAfterFinished is over. Pure.
bool IsExpired(const JobRecord& record, job::TimePoint now);

// NotFound if the directory holds no record.
Result<LocalJob> LookAtJob(const std::string& workdir);

// Every job of the registry, by name. Those that have expired are deleted instead.
std::vector<LocalJob> ListJobs(const Registry& registry, job::TimePoint now);

// Ends the job if it is alive, as Ctrl-C would, then removes its record and logs; results stay.
// DeadlineExceeded if it is not over by then.
Status DeleteJob(const LocalJob& job, const Registry& registry, std::chrono::milliseconds timeout);

}  // namespace trainyard::local

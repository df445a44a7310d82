#include "local/state/go_on.h"

#include <algorithm>

#include "job/restart.h"
#include "local/state/timestamp.h"

namespace trainyard::local {
namespace {

JobRecord NewRecord(const spec::TFJob& job, job::TimePoint now) {
  JobRecord record;
  record.name = job.name;
  record.name_space = job.name_space;
  record.submitted_at = now;
  return record;
}

// One entry for each replica that the job is to have; what is known of it stays.
std::vector<ReplicaInfo> ListReplicas(const spec::TFJob& job,
                                      const std::vector<ReplicaInfo>& known) {
  std::vector<ReplicaInfo> replicas;
  for (const auto& [type, spec] : job.replicas) {
    for (int index = 0; index < spec.replicas; ++index) {
      const job::ReplicaId id{type, index};
      const auto found = std::find_if(known.begin(), known.end(),
                                      [&](const ReplicaInfo& info) { return info.id == id; });
      replicas.push_back(found == known.end() ? ReplicaInfo{.id = id, .state = "waiting"} : *found);
      replicas.back().pid = 0;
    }
  }
  return replicas;
}

std::string AtStep(const Progress& progress) {
  return progress.step ? fmt::format(", step {}", *progress.step) : "";
}

// How the last run ended: "was killed at 12:03, step 840"; empty if it ended in order.
std::string EndOfLastRun(const JobRecord& earlier, job::TimePoint now) {
  const std::string when = FormatClock(earlier.updated_at, now);
  switch (earlier.stage) {
    case Stage::kQueued:
      return fmt::format("was killed at {}, while it waited in the queue", when);
    case Stage::kActive:
      return fmt::format("was killed at {}{}", when, AtStep(earlier.progress));
    case Stage::kStopped:
      return fmt::format("was stopped at {}{}", when, AtStep(earlier.progress));
    case Stage::kEnded:
      break;
  }
  return "";
}

}  // namespace

Beginning PlanBeginning(const spec::TFJob& job, const std::optional<JobRecord>& earlier,
                        job::TimePoint now) {
  Beginning beginning;
  const bool is_same =
      earlier && earlier->name == job.name && earlier->name_space == job.name_space;
  beginning.goes_on = is_same && !earlier->status.is_finished();
  if (beginning.goes_on) {
    beginning.record = *earlier;
    beginning.record.status = StatusToGoOnWith(earlier->status);
    const std::string end = EndOfLastRun(*earlier, now);
    if (!end.empty()) {
      beginning.note = fmt::format("the last run of {} {}; going on", job.name, end);
    }
    beginning.event = {.time = now,
                       .is_warning = earlier->stage == Stage::kActive,
                       .reason = "Resumed",
                       .message = end.empty()
                                      ? "the job goes on"
                                      : fmt::format("the last run {}; the job goes on", end)};
  } else {
    if (earlier && !earlier->status.is_finished()) {
      beginning.note = fmt::format("the record of job {}, which had not finished, gives way to {}",
                                   earlier->name, job.name);
    }
    beginning.record = NewRecord(job, now);
    beginning.event = {.time = now, .reason = "Submitted", .message = "the job was submitted"};
  }
  JobRecord& record = beginning.record;
  record.replicas = ListReplicas(job, record.replicas);
  record.stage = Stage::kQueued;
  record.updated_at = now;
  record.stop_reason.clear();
  record.ttl_seconds_after_finished = job.run_policy.ttl_seconds_after_finished;
  return beginning;
}

job::JobStatus StatusToGoOnWith(job::JobStatus status) {
  for (auto& [id, memory] : status.replicas) job::SetAside(nullptr, &memory);
  status.start_time.reset();
  for (job::Condition& condition : status.conditions) {
    const bool is_of_the_past = condition.type == job::ConditionType::kRunning ||
                                condition.type == job::ConditionType::kRestarting;
    if (is_of_the_past) condition.status = false;
  }
  for (auto& [type, counts] : status.replica_counts) counts.active = 0;
  return status;
}

job::JobStatus StoppedStatus(job::JobStatus status, const std::string& message,
                             job::TimePoint now) {
  for (job::Condition& condition : status.conditions) {
    const bool ends = condition.status && (condition.type == job::ConditionType::kRunning ||
                                           condition.type == job::ConditionType::kRestarting);
    if (!ends) continue;
    condition.status = false;
    condition.reason = "TFJobStopped";
    condition.message = message;
    condition.last_update_time = now;
    condition.last_transition_time = now;
  }
  for (auto& [type, counts] : status.replica_counts) counts.active = 0;
  return status;
}

}  // namespace trainyard::local

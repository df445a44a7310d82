#include "job/progress.h"

namespace trainyard::job {
namespace {

bool IsRestarting(const ReplicaRecord& record) {
  if (record.quick_failures == 0) return false;
  return record.state == ReplicaState::kWaiting ||
         (record.state == ReplicaState::kStarted && !record.has_run);
}

// Was at work when the job succeeded, and has ended since.
bool EndedWithTheJob(const Member& member) {
  if (member.record->state != ReplicaState::kStarted || member.has_active_view()) return false;
  return member.record->has_run || (member.is_current() && member.view->phase == Phase::kSucceeded);
}

}  // namespace

void UpdateRunning(Draft* draft) {
  JobStatus& status = draft->status();
  bool is_running = false;
  const Member* restarting = nullptr;
  for (const Member& member : draft->roster().members()) {
    if (restarting == nullptr && IsRestarting(*member.record)) restarting = &member;
    is_running = is_running || (member.decides && member.is_running() &&
                                member.record->state == ReplicaState::kStarted);
  }
  for (const auto& [type, spec] : draft->job.replicas) {
    if (!draft->has_restarted[type]) continue;
    draft->Tell({.is_warning = true,
                 .reason = Reason(draft->job, "Restarting"),
                 .message = RestartingMessage(draft->job, type),
                 .replica = std::nullopt});
  }
  if (restarting != nullptr) {
    SetRestarting(draft->job, restarting->id.type, draft->now, &status);
  } else if (is_running) {
    SetRunning(draft->job, draft->now, &status);
  } else {
    ClearRestarting(&status);
  }
}

void CountReplicas(Draft* draft) {
  JobStatus& status = draft->status();
  const bool has_succeeded = status.Is(ConditionType::kSucceeded);
  const bool has_failed = status.Is(ConditionType::kFailed);
  const bool is_suspended = !has_succeeded && !has_failed && draft->job.run_policy.suspend;
  PerType<ReplicaCounts> counts;
  for (const Member& member : draft->roster().members()) {
    const ReplicaRecord& record = *member.record;
    ReplicaCounts& count = counts[member.id.type];
    if (record.state == ReplicaState::kFailed) {
      ++count.failed;
    } else if (record.state == ReplicaState::kSucceeded) {
      ++count.succeeded;
    } else if (member.is_running()) {
      if (!is_suspended) ++count.active;
    } else if (has_succeeded && EndedWithTheJob(member)) {
      ++count.succeeded;
    } else if (has_failed && IsRestarting(record)) {
      ++count.failed;
    }
  }
  std::erase_if(status.replica_counts,
                [&](const auto& entry) { return !draft->job.Has(entry.first); });
  for (const auto& [type, spec] : draft->job.replicas) status.replica_counts[type] = counts[type];
}

}  // namespace trainyard::job

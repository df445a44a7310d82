#include "job/plan.h"

#include <algorithm>

#include "job/cleanup.h"
#include "job/draft.h"
#include "job/observe.h"
#include "job/outcome.h"
#include "job/progress.h"
#include "job/start.h"
#include "job/suspend.h"

namespace trainyard::job {
namespace {

// A job that is seen for the first time.
void Create(Draft* draft) {
  const bool is_new = draft->status().Find(ConditionType::kCreated) == nullptr;
  SetCreated(draft->job, draft->now, &draft->status());
  if (!is_new || draft->job.rules != spec::JobRules::kTFJob) return;
  const auto has_own_policy = [](const auto& entry) {
    return entry.second.pod.has_own_restart_policy;
  };
  if (std::any_of(draft->job.replicas.begin(), draft->job.replicas.end(), has_own_policy)) {
    draft->Tell(RestartPolicyIsOverwritten());
  }
}

// A job that has not ended.
void Advance(Draft* draft) {
  DropUnwanted(draft);
  if (draft->job.run_policy.suspend) return Suspend(draft);
  StartOrResume(draft);
  Observe(draft);
  std::optional<Outcome> outcome = JudgeReplicas(*draft);
  if (!outcome) outcome = JudgeLimits(draft);
  if (outcome) return Finish(*outcome, draft);
  StopStrays(draft);
  StartWaiting(draft);
  UpdateRunning(draft);
}

// One that has. A status from elsewhere may lack the time, and the clock may have been put back.
void Conclude(bool was_finished_before, Draft* draft) {
  std::optional<TimePoint>& ended_at = draft->status().completion_time;
  ended_at = std::min(ended_at.value_or(draft->now), draft->now);
  CleanUp(draft);
  Expire(was_finished_before, draft);
}

}  // namespace

PlanResult Plan(const spec::TFJob& job, const JobStatus& before, std::span<const ReplicaView> seen,
                TimePoint now, const PlanOptions& options) {
  if (options.honours_managed_by && IsManagedElsewhere(job)) {
    return {.actions = {}, .status = before, .events = {}, .wake_at = {}};
  }
  Draft draft(job, before, seen, now, options);
  Create(&draft);
  if (!before.is_finished()) Advance(&draft);
  if (draft.status().is_finished()) Conclude(before.is_finished(), &draft);
  CountReplicas(&draft);
  return draft.Take();
}

}  // namespace trainyard::job

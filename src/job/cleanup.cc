#include "job/cleanup.h"

#include <algorithm>

#include "job/times.h"

namespace trainyard::job {
namespace {

using spec::CleanPodPolicy;
using spec::ReplicaType;
using std::chrono::milliseconds;

CleanPodPolicy PolicyOf(const spec::TFJob& job) {
  return job.rules == spec::JobRules::kBatchJob ? CleanPodPolicy::kRunning
                                                : job.run_policy.clean_pod_policy;
}

bool HasWork(const ReplicaView& view) { return view.is_active() || view.lingers; }

milliseconds GraceAfterSuccess(ReplicaType type, const Draft& draft) {
  if (!draft.status().Is(ConditionType::kSucceeded)) return milliseconds(0);
  if (type == ReplicaType::kPs) return draft.options.ps_grace;
  return type == ReplicaType::kEvaluator ? draft.options.evaluator_grace
                                         : draft.options.worker_grace;
}

bool UsesServers(const ReplicaView* view) {
  return view->is_active() && view->id.type != ReplicaType::kPs &&
         view->id.type != ReplicaType::kEvaluator;
}

enum class Fate { kLeft, kLeftForNow, kStopped };

// Of replicas that are still there when the job has ended.
Fate FateOf(const ReplicaView& view, bool servers_are_used, const Draft& draft) {
  const bool stops_all = draft.options.stop_everything || draft.status().is_limit_exceeded ||
                         PolicyOf(draft.job) != CleanPodPolicy::kNone;
  const bool is_unwanted = view.id.index >= draft.job.NumReplicas(view.id.type);
  if (stops_all || is_unwanted || view.lingers) return Fate::kStopped;
  if (view.id.type != ReplicaType::kPs) return Fate::kLeft;
  return servers_are_used ? Fate::kLeftForNow : Fate::kStopped;
}

}  // namespace

void CleanUp(Draft* draft) {
  const auto views = draft->roster().views();
  const TimePoint ended_at = *draft->status().completion_time;
  const bool servers_are_used = draft->status().Is(ConditionType::kSucceeded) &&
                                std::any_of(views.begin(), views.end(), UsesServers);
  draft->result().done = true;
  for (const ReplicaView* view : views) {
    if (!HasWork(*view)) {
      if (PolicyOf(draft->job) == CleanPodPolicy::kAll) draft->Act(Action::Kind::kRemove, *view);
      continue;
    }
    const Fate fate = FateOf(*view, servers_are_used, *draft);
    if (fate == Fate::kLeft) continue;
    draft->result().done = false;
    if (fate == Fate::kLeftForNow) continue;
    const TimePoint stop_at = ended_at + GraceAfterSuccess(view->id.type, *draft);
    if (draft->now >= stop_at) {
      draft->Act(Action::Kind::kStop, *view);
    } else {
      draft->WakeAt(stop_at);
    }
  }
}

void Expire(bool was_finished_before, Draft* draft) {
  const auto& ttl = draft->job.run_policy.ttl_seconds_after_finished;
  if (!ttl || draft->job.run_policy.suspend) return;
  const std::optional<TimePoint> end_of_life = SecondsAfter(*draft->status().completion_time, *ttl);
  if (!end_of_life) return;
  TimePoint expires_at = *end_of_life;
  for (const ReplicaView* view : draft->roster().views()) {
    const bool is_due = HasWork(*view) && FateOf(*view, false, *draft) == Fate::kStopped;
    if (!is_due) continue;
    expires_at = std::max(
        expires_at, *draft->status().completion_time + GraceAfterSuccess(view->id.type, *draft));
  }
  if (!was_finished_before) {
    expires_at = std::max(expires_at, draft->now + std::chrono::seconds(1));
  }
  if (draft->now >= expires_at) {
    draft->result().is_expired = true;
  } else {
    draft->WakeAt(expires_at);
  }
}

bool StoppedPodsStay(const spec::TFJob& job, const JobStatus& status) {
  return status.is_finished() && PolicyOf(job) == CleanPodPolicy::kNone;
}

bool NeedsService(const spec::TFJob& job, const JobStatus& status, const ReplicaId& id,
                  const ReplicaView* view) {
  if (status.is_finished()) return view != nullptr && view->is_active();
  return !job.run_policy.suspend && id.index < job.NumReplicas(id.type);
}

}  // namespace trainyard::job

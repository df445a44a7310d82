#include "job/suspend.h"

#include <algorithm>

#include "job/observe.h"
#include "job/outcome.h"

namespace trainyard::job {

void Suspend(Draft* draft) {
  if (!draft->status().Is(ConditionType::kSuspended)) {
    ObserveFinalEnds(draft);
    if (const auto outcome = JudgeReplicas(*draft)) return Finish(*outcome, draft);
    SetSuspended(draft->job, draft->now, &draft->status());
    draft->Tell(ToEvent(draft->status().conditions.back(), false));
  }
  for (const Member& member : draft->roster().members()) {
    SetAside(member.view, member.record);
    if (member.view != nullptr) draft->Dismiss(*member.view);
  }
}

void StartOrResume(Draft* draft) {
  JobStatus& status = draft->status();
  if (status.Is(ConditionType::kSuspended)) {
    SetResumed(draft->job, draft->now, &status);
    draft->Tell(ToEvent(status.conditions.back(), false));
    status.start_time = draft->now;
  }
  // Also if the clock has been put back since.
  status.start_time = std::min(status.start_time.value_or(draft->now), draft->now);
}

void DropUnwanted(Draft* draft) {
  const auto is_wanted = [&](const ReplicaId& id) {
    return id.index < draft->job.NumReplicas(id.type);
  };
  const auto views = draft->roster().views();
  auto view = views.begin();
  for (auto& [id, record] : draft->status().replicas) {
    if (is_wanted(id)) continue;
    while (view != views.end() && (*view)->id < id) ++view;
    const bool is_seen = view != views.end() && (*view)->id == id;
    if (record.state == ReplicaState::kFailed) record.state = ReplicaState::kStarted;
    SetAside(is_seen ? *view : nullptr, &record);
  }
  for (const ReplicaView* seen : views) {
    if (!is_wanted(seen->id)) draft->Dismiss(*seen);
  }
}

}  // namespace trainyard::job

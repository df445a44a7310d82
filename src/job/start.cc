#include "job/start.h"

#include <algorithm>
#include <limits>

namespace trainyard::job {
namespace {

// Started instances and such that have yet to end each fill a place.
bool FillsAPlace(const Member& member) {
  return member.record->state == ReplicaState::kStarted || member.has_active_view();
}

void KeepToParallelism(Draft* draft) {
  const std::optional<int> limit = ActiveLimit(draft->job);
  if (!limit) return;
  int started = 0;
  for (const Member& member : draft->roster().members()) {
    ReplicaRecord& record = *member.record;
    if (record.state != ReplicaState::kStarted || ++started <= *limit) continue;
    SetAside(member.view, &record);
    record.state = ReplicaState::kWaiting;
    record.start_after = draft->now;
  }
}

bool AllServersRun(const Draft& draft) {
  for (const Member& member : draft.roster().members()) {
    if (member.id.type != spec::ReplicaType::kPs) break;
    const ReplicaState state = member.record->state;
    const bool is_there = state == ReplicaState::kSucceeded ||
                          (state == ReplicaState::kStarted && member.is_running());
    if (!is_there) return false;
  }
  return true;
}

}  // namespace

void StopStrays(Draft* draft) {
  KeepToParallelism(draft);
  for (const Member& member : draft->roster().members()) {
    if (!member.has_active_view()) continue;
    if (member.record->is_over() || member.view->instance < member.record->instance) {
      draft->Act(Action::Kind::kStop, *member.view);
    }
  }
}

void StartWaiting(Draft* draft) {
  const auto members = draft->roster().members();
  const auto filled = std::count_if(members.begin(), members.end(), FillsAPlace);
  int64_t places = ActiveLimit(draft->job).value_or(std::numeric_limits<int>::max()) - filled;
  const bool others_may_start =
      draft->job.extensions.startup_order == spec::StartupOrder::kAnyOrder || AllServersRun(*draft);
  for (const Member& member : members) {
    ReplicaRecord& record = *member.record;
    if (record.state != ReplicaState::kWaiting) continue;
    // The clock may have been put back since the delay was fixed.
    const RestartDelays& delays = draft->options.restart_delays;
    record.start_after =
        std::min(record.start_after, draft->now + RestartDelay(record.quick_failures, delays));
    if (record.start_after > draft->now) {
      draft->WakeAt(record.start_after);
      continue;
    }
    const bool is_held = member.id.type != spec::ReplicaType::kPs && !others_may_start;
    if (is_held || member.has_active_view() || places <= 0) continue;
    --places;
    if (record.since == TimePoint{}) record.since = draft->now;
    draft->result().actions.push_back({Action::Kind::kStart, member.id, record.instance});
    if (const auto patience_ends = WaitsUntil(draft->job, record)) draft->WakeAt(*patience_ends);
  }
}

}  // namespace trainyard::job

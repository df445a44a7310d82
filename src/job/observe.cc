#include "job/observe.h"

#include <fmt/format.h>

#include <algorithm>

namespace trainyard::job {
namespace {

void TellExit(const ReplicaView& view, Draft* draft) {
  const bool is_known = view.phase == Phase::kSucceeded || view.exit_code != 0;
  if (is_known) draft->Tell(ExitedWithCode(draft->job, view.id, view.exit_code));
}

// The replica has broken a limit of its own and is not run any more.
void BreakLimit(const Member& member, const std::string& why, Draft* draft) {
  member.record->state = ReplicaState::kFailed;
  std::string& first = draft->limit_broken[member.id.type];
  if (first.empty()) {
    first = fmt::format("{} {}/{} has failed because replica {} {}", KindName(draft->job),
                        draft->job.name_space, draft->job.name, member.id.Name(), why);
  }
}

void BreakRestartLimit(const Member& member, Draft* draft) {
  BreakLimit(member,
             fmt::format("failed after {} restart(s), as many as one replica may have.",
                         *draft->job.extensions.max_restarts_per_replica),
             draft);
}

void Restart(const Member& member, bool was_healthy, Draft* draft) {
  if (!MayRestart(draft->job, *member.record)) return BreakRestartLimit(member, draft);
  ++member.record->restarts;
  draft->restarting.push_back(member.record);
  ScheduleRestart(was_healthy, draft->options.restart_delays, draft->now, member.record);
  draft->has_restarted[member.id.type] = true;
}

void Judge(const Member& member, Draft* draft) {
  const ReplicaView& view = *member.view;
  member.record->exit_code = view.exit_code;
  TellExit(view, draft);
  switch (JudgeEnd(view, member.spec->restart_policy, member.decides, draft->job.rules)) {
    case Verdict::kFinished:
      member.record->state = ReplicaState::kSucceeded;
      break;
    case Verdict::kFailed:
      member.record->state = ReplicaState::kFailed;
      break;
    case Verdict::kRestart:
      Restart(member, view.ended_at - view.started_at >= draft->options.restart_delays.healthy,
              draft);
      break;
  }
}

// Restarts made by the kubelet within the instance count like our own.
void CountInPlaceRestarts(const Member& member, Draft* draft) {
  ReplicaRecord& record = *member.record;
  const int more = member.view->in_place_restarts - record.in_place_restarts;
  if (more <= 0) return;
  record.restarts += more;
  record.in_place_restarts += more;
  if (member.view->is_active()) TellExit(*member.view, draft);
  if (IsOverLimit(draft->job, record)) BreakRestartLimit(member, draft);
}

// An instance that has been asked for and does not get to run: told after a while if the cause is
// known, and for good when the job's patience is over.
void WatchWait(const Member& member, Draft* draft) {
  ReplicaRecord& record = *member.record;
  if (record.has_run || record.since == TimePoint{}) return;
  const std::string cause =
      member.is_current() && member.has_active_view() ? member.view->waiting_for : "";
  if (const auto over_at = WaitsUntil(draft->job, record)) {
    if (draft->now >= *over_at) {
      return BreakLimit(member,
                        fmt::format("has not started to run within {} seconds{}{}",
                                    *draft->job.extensions.pending_timeout_seconds,
                                    cause.empty() ? "." : ": ", cause),
                        draft);
    }
    draft->WakeAt(*over_at);
  }
  if (cause.empty() || record.is_stuck_told) return;
  const TimePoint tell_at = record.since + draft->options.stuck_after;
  if (draft->now < tell_at) return draft->WakeAt(tell_at);
  record.is_stuck_told = true;
  draft->Tell(Stuck(draft->job, member.id, cause));
}

void ObserveInstance(const Member& member, Draft* draft) {
  ReplicaRecord& record = *member.record;
  const ReplicaView& view = *member.view;
  if (view.instance > record.instance) AdoptInstance(view.instance, &record);
  record.state = ReplicaState::kStarted;
  if (record.since == TimePoint{}) record.since = draft->now;
  CountInPlaceRestarts(member, draft);
  if (record.is_over()) return;
  if (!view.is_active()) return Judge(member, draft);
  if (view.phase == Phase::kRunning && !record.has_run) {
    record.has_run = true;
    record.since = draft->now;
  }
  WatchWait(member, draft);
}

void ObserveMember(const Member& member, Draft* draft) {
  ReplicaRecord& record = *member.record;
  if (record.is_over()) return;
  if (record.state == ReplicaState::kNotStarted) {
    record.state = ReplicaState::kWaiting;
    record.start_after = draft->now;
  }
  record.since = std::min(record.since, draft->now);  // the clock may have been put back
  if (member.view != nullptr && member.view->instance >= record.instance) {
    ObserveInstance(member, draft);
  } else if (record.state == ReplicaState::kStarted) {
    // Gone without a word: ended from outside.
    const auto ran = record.has_run ? draft->now - record.since : TimePoint::duration(0);
    Restart(member, ran >= draft->options.restart_delays.healthy, draft);
  } else {
    WatchWait(member, draft);
  }
}

}  // namespace

void Observe(Draft* draft) {
  for (const Member& member : draft->roster().members()) ObserveMember(member, draft);
}

void ObserveFinalEnds(Draft* draft) {
  for (const Member& member : draft->roster().members()) {
    const bool has_ended = member.view != nullptr && !member.view->is_active() &&
                           member.view->instance >= member.record->instance;
    if (!has_ended || member.record->is_over()) continue;
    const ReplicaView& view = *member.view;
    TellExit(view, draft);
    member.record->exit_code = view.exit_code;
    const Verdict verdict =
        JudgeEnd(view, member.spec->restart_policy, member.decides, draft->job.rules);
    if (verdict == Verdict::kFinished) member.record->state = ReplicaState::kSucceeded;
    if (verdict == Verdict::kFailed) member.record->state = ReplicaState::kFailed;
  }
}

}  // namespace trainyard::job

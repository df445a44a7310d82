// A plan in the making: what one call of Plan() was given, and its answer so far. The steps of a
// plan (observe.h, suspend.h, outcome.h, start.h, cleanup.h) each take it a bit further.
//
// Belongs to one call of Plan(), which owns what it refers to.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "job/plan.h"
#include "job/roster.h"

namespace trainyard::job {

// One T for each replica type.
template <class T>
struct PerType {
  std::array<T, 5> values{};
  T& operator[](spec::ReplicaType type) { return values[static_cast<size_t>(type)]; }
  const T& operator[](spec::ReplicaType type) const { return values[static_cast<size_t>(type)]; }
};

class Draft {
 public:
  Draft(const spec::TFJob& for_job, const JobStatus& before, std::span<const ReplicaView> seen,
        TimePoint at, const PlanOptions& with_options)
      : job(for_job),
        now(at),
        options(with_options),
        result_{.actions = {}, .status = before, .events = {}, .wake_at = {}},
        roster_(for_job, seen, &result_.status.replicas) {}
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  JobStatus& status() { return result_.status; }
  const JobStatus& status() const { return result_.status; }
  PlanResult& result() { return result_; }
  Roster& roster() { return roster_; }
  const Roster& roster() const { return roster_; }

  void Act(Action::Kind kind, const ReplicaView& view) {
    result_.actions.push_back({kind, view.id, view.instance});
  }
  // Ends what is active and clears away what is not.
  void Dismiss(const ReplicaView& view) {
    Act(view.is_active() ? Action::Kind::kStop : Action::Kind::kRemove, view);
  }
  void Tell(Event event) { result_.events.push_back(std::move(event)); }
  void WakeAt(TimePoint when) {
    if (!result_.wake_at || when < *result_.wake_at) result_.wake_at = when;
  }

  // What was to be done as long as the job goes on.
  void Forget() {
    result_.actions.clear();
    result_.wake_at.reset();
  }

  // Nothing may be used after this.
  PlanResult Take() { return std::move(result_); }

  const spec::TFJob& job;
  const TimePoint now;
  const PlanOptions& options;

  // Found by observing, in this call: replicas that are to be restarted, their types, and why the
  // first replica of a type that broke a limit of its own has failed.
  std::vector<ReplicaRecord*> restarting;
  PerType<bool> has_restarted;
  PerType<std::string> limit_broken;

 private:
  PlanResult result_;
  Roster roster_;
};

}  // namespace trainyard::job

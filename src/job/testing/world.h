// A job under way in a small world, for tests: remembers the status, the replicas as the world has
// them, and the time.
//
//   World world = Running(Job({{ReplicaType::kChief, 1}, {ReplicaType::kWorker, 2}}));
//   world.End(Worker(0), 1);
//   EXPECT_THAT(world.Step(), IsEmpty());
//   EXPECT_EQ(world.Last(), "Restarting true TFJobRestarting: job mnist is ...");
#pragma once

#include <fmt/format.h>

#include <map>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "job/plan.h"

namespace trainyard::job {

inline void PrintTo(const Action& action, std::ostream* out) {
  constexpr const char* kVerbs[] = {"start", "stop", "remove"};
  *out << kVerbs[static_cast<size_t>(action.kind)] << " " << action.id.Name() << "/"
       << action.instance;
}

namespace testing {

using spec::CleanPodPolicy;
using spec::JobRules;
using spec::ReplicaType;
using spec::RestartPolicy;
using spec::TFJob;
using std::chrono::milliseconds;
using std::chrono::seconds;

const TimePoint kStart = TimePoint(seconds(1'700'000'000));
constexpr auto kGo = Action::Kind::kStart;
constexpr auto kHalt = Action::Kind::kStop;
constexpr auto kClear = Action::Kind::kRemove;
const ReplicaId kChief{ReplicaType::kChief, 0};
const ReplicaId kMaster{ReplicaType::kMaster, 0};
const ReplicaId kPs{ReplicaType::kPs, 0};
const ReplicaId kEvaluator{ReplicaType::kEvaluator, 0};
inline ReplicaId Worker(int index) { return {ReplicaType::kWorker, index}; }

inline TFJob Job(const std::map<ReplicaType, int>& counts,
                 RestartPolicy policy = RestartPolicy::kOnFailure) {
  TFJob job;
  job.name = "mnist";
  job.name_space = "team";
  for (const auto& [type, count] : counts) {
    job.replicas[type].replicas = count;
    job.replicas[type].restart_policy = policy;
  }
  return job;
}

struct World {
  TFJob job{};
  PlanOptions options{};
  JobStatus status{};
  std::map<ReplicaId, ReplicaView> replicas{};
  TimePoint now = kStart;
  PlanResult plan{};
  Phase after_start = Phase::kRunning;  // what a start leads to at once

  // Plans once and lets every start come true at once; stops and removals are the test's to do.
  const std::vector<Action>& Step() {
    std::vector<ReplicaView> seen;
    for (const auto& [id, view] : replicas) seen.push_back(view);
    plan = Plan(job, status, seen, now, options);
    status = plan.status;
    for (const Action& action : plan.actions) {
      if (action.kind != kGo) continue;
      replicas[action.id] = ReplicaView{.id = action.id, .instance = action.instance};
      replicas[action.id].phase = after_start;
      replicas[action.id].started_at = now;
    }
    return plan.actions;
  }

  const std::vector<Action>& StepAt(TimePoint when) {
    now = when;
    return Step();
  }

  void End(const ReplicaId& id, int exit_code) {
    replicas[id].phase = exit_code == 0 ? Phase::kSucceeded : Phase::kFailed;
    replicas[id].exit_code = exit_code;
    replicas[id].ended_at = now;
  }

  // Performs what the last plan wants stopped or removed.
  void Obey() {
    for (const Action& action : plan.actions) {
      if (action.kind != kGo) replicas.erase(action.id);
    }
  }

  bool Is(ConditionType type) const { return status.Is(type); }

  std::string Last() const {
    const Condition& last = status.conditions.back();
    return fmt::format("{} {} {}: {}", ConditionTypeName(last.type), last.status, last.reason,
                       last.message);
  }
  std::vector<std::string> Order() const {
    std::vector<std::string> order;
    for (const Condition& c : status.conditions) {
      order.push_back(fmt::format("{} {}", ConditionTypeName(c.type), c.status));
    }
    return order;
  }
  // "W TFJobRestarting: job mnist ..." of the last plan.
  std::vector<std::string> Events() const {
    std::vector<std::string> lines;
    for (const Event& event : plan.events) {
      lines.push_back(
          fmt::format("{} {}: {}", event.is_warning ? 'W' : 'N', event.reason, event.message));
    }
    return lines;
  }
};

// Everything has been started and seen to run.
inline World Running(TFJob job) {
  World world{.job = std::move(job)};
  world.Step();
  world.Step();
  return world;
}

}  // namespace testing
}  // namespace trainyard::job

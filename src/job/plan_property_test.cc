// Random jobs in random worlds: whatever happens to the replicas, and however often or late the
// planner is asked, the job's story stays sound and comes to an end.
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "job/plan.h"

namespace trainyard::job {
namespace {

using spec::ReplicaType;
using std::chrono::milliseconds;
using std::chrono::seconds;

class RandomWorld {
 public:
  explicit RandomWorld(unsigned seed) : random_(seed) {
    job_.name = "j";
    for (const ReplicaType type :
         {ReplicaType::kPs, ReplicaType::kChief, ReplicaType::kWorker, ReplicaType::kEvaluator}) {
      if (Chance(70) || job_.replicas.empty()) {
        job_.replicas[type].replicas = type == ReplicaType::kChief ? 1 : Below(4);
        job_.replicas[type].restart_policy = static_cast<spec::RestartPolicy>(Below(4));
      }
    }
    if (Chance(50)) job_.success_policy = spec::SuccessPolicy::kAllWorkers;
    if (Chance(20)) job_.enable_dynamic_worker = true;
    if (Chance(50)) job_.run_policy.backoff_limit = Below(6);
    if (Chance(30)) job_.run_policy.active_deadline_seconds = Below(200);
    job_.run_policy.clean_pod_policy = static_cast<spec::CleanPodPolicy>(Below(3));
    options_.stop_everything = Chance(50);
  }

  void Disturb() {
    if (Chance(10)) now_ -= seconds(Below(100));  // the clock jumps
    now_ += milliseconds(Below(20'000));
    if (Chance(2)) job_.run_policy.suspend = !job_.run_policy.suspend;
    for (auto it = world_.begin(); it != world_.end();) {
      ReplicaView& view = it->second;
      if (view.phase == Phase::kPending && Chance(70)) view.phase = Phase::kRunning;
      if (view.is_active() && Chance(15)) End(&view, Chance(50) ? 0 : 1 + Below(255));
      it = Chance(2) ? world_.erase(it) : std::next(it);
    }
  }

  // From now on every replica runs and does well.
  void Calm() {
    job_.run_policy.suspend = false;
    now_ += seconds(40);
    for (auto& [id, view] : world_) {
      if (view.phase == Phase::kPending) {
        view.phase = Phase::kRunning;
      } else if (view.phase == Phase::kRunning) {
        End(&view, 0);
      }
    }
  }

  void Plan() {
    std::vector<ReplicaView> seen;
    for (const auto& [id, view] : world_) seen.push_back(view);
    const bool was_finished = status_.is_finished();
    const JobStatus before = status_;
    plan_ = job::Plan(job_, status_, seen, now_, options_);
    const PlanResult again = job::Plan(job_, plan_.status, seen, now_, options_);
    ASSERT_EQ(again.status, plan_.status) << "the second plan changes the status";
    ASSERT_EQ(again.actions, plan_.actions) << "the second plan acts differently";
    status_ = plan_.status;
    ASSERT_FALSE(status_.Is(ConditionType::kSucceeded) && status_.Is(ConditionType::kFailed));
    if (was_finished) {
      ASSERT_EQ(before.Is(ConditionType::kSucceeded), status_.Is(ConditionType::kSucceeded));
    }
    for (const Action& action : plan_.actions) ASSERT_NO_FATAL_FAILURE(Apply(action, was_finished));
    for (const auto& [id, record] : status_.replicas) {
      if (record.state == ReplicaState::kSucceeded) finished_.insert(id);
    }
  }

  bool is_settled() const {
    return job_.NumReplicas() == 0 || (status_.is_finished() && plan_.done);
  }
  bool nothing_is_running() const {
    for (const auto& [id, view] : world_) {
      if (view.is_active()) return false;
    }
    return true;
  }
  bool stops_everything() const { return options_.stop_everything; }
  std::string Story() const {
    return status_.conditions.empty() ? "" : status_.conditions.back().message;
  }

 private:
  void Apply(const Action& action, bool was_finished) {
    if (action.kind == Action::Kind::kStart) {
      ASSERT_FALSE(was_finished) << action.id.Name() << " starts in a finished job";
      ASSERT_FALSE(finished_.contains(action.id)) << action.id.Name() << " runs a second time";
      ASSERT_LT(action.id.index, job_.NumReplicas(action.id.type));
      world_[action.id] = {
          .id = action.id, .instance = action.instance, .started_at = now_, .ended_at = {}};
    } else if (action.kind == Action::Kind::kStop) {
      End(&world_[action.id], Chance(50) ? 0 : 143);
    } else {
      world_.erase(action.id);
    }
  }

  void End(ReplicaView* view, int code) {
    view->phase = code == 0 ? Phase::kSucceeded : Phase::kFailed;
    view->exit_code = code;
    view->ended_at = now_;
  }

  int Below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  bool Chance(int percent) { return Below(100) < percent; }

  std::mt19937 random_;
  spec::TFJob job_;
  PlanOptions options_;
  JobStatus status_;
  PlanResult plan_;
  std::map<ReplicaId, ReplicaView> world_;
  std::set<ReplicaId> finished_;
  TimePoint now_ = TimePoint(seconds(1'700'000'000));
};

TEST(PlanPropertyTest, EveryJobComesToOneSoundEnd) {
  for (unsigned seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE(seed);
    RandomWorld world(seed);
    for (int i = 0; i < 60; ++i) {
      world.Disturb();
      ASSERT_NO_FATAL_FAILURE(world.Plan());
    }
    for (int i = 0; i < 40 && !world.is_settled(); ++i) {
      world.Calm();
      ASSERT_NO_FATAL_FAILURE(world.Plan());
    }
    ASSERT_TRUE(world.is_settled()) << world.Story();
    if (world.stops_everything()) {
      ASSERT_TRUE(world.nothing_is_running());
    }
  }
}

}  // namespace
}  // namespace trainyard::job

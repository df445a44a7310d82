// Random jobs in random worlds: whatever happens to the replicas, whatever is changed in the job,
// and however often or late the planner is asked, the job's story stays sound and comes to an end.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "job/plan.h"
#include "job/rules.h"

namespace trainyard::job {
namespace {

using spec::JobRules;
using spec::ReplicaType;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr ReplicaType kTypes[] = {ReplicaType::kPs, ReplicaType::kChief, ReplicaType::kMaster,
                                  ReplicaType::kWorker, ReplicaType::kEvaluator};

// Everything that is random comes from here.
class Dice {
 public:
  explicit Dice(unsigned seed) : random_(seed) {}

  int Below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  bool Chance(int percent) { return Below(100) < percent; }
  std::optional<int> Perhaps(int percent, int below) {
    return Chance(percent) ? std::optional<int>(Below(below)) : std::nullopt;
  }

 private:
  std::mt19937 random_;
};

spec::TFJob RandomJob(Dice& dice) {
  spec::TFJob job;
  job.name = "j";
  job.rules = static_cast<JobRules>(dice.Chance(60) ? 0 : dice.Below(3));
  for (const ReplicaType type : kTypes) {
    const bool is_allowed = job.rules == JobRules::kTFJob || type == ReplicaType::kWorker ||
                            (job.rules == JobRules::kV1Alpha1 && type != ReplicaType::kChief &&
                             type != ReplicaType::kEvaluator);
    const bool is_second_chief = type == ReplicaType::kMaster && job.Has(ReplicaType::kChief);
    if (!is_allowed || is_second_chief || !dice.Chance(65)) continue;
    job.replicas[type].replicas = dice.Below(4);
    job.replicas[type].restart_policy = static_cast<spec::RestartPolicy>(dice.Below(4));
  }
  if (job.replicas.empty()) job.replicas[ReplicaType::kWorker].replicas = 1 + dice.Below(3);
  if (dice.Chance(50)) job.success_policy = spec::SuccessPolicy::kAllWorkers;
  job.enable_dynamic_worker = dice.Chance(30);
  if (job.rules == JobRules::kBatchJob) job.parallelism = dice.Below(4);
  spec::RunPolicy& policy = job.run_policy;
  policy.backoff_limit = dice.Perhaps(50, 8);
  policy.ttl_seconds_after_finished = dice.Perhaps(40, 100);
  policy.clean_pod_policy = static_cast<spec::CleanPodPolicy>(dice.Below(3));
  policy.suspend = dice.Chance(10);
  if (dice.Chance(30)) policy.active_deadline_seconds = dice.Below(400);
  spec::Extensions& extensions = job.extensions;
  if (dice.Chance(30)) extensions.startup_order = spec::StartupOrder::kInOrder;
  extensions.max_restarts_per_replica = dice.Perhaps(25, 5);
  extensions.pending_timeout_seconds = dice.Perhaps(25, 120);
  return job;
}

class RandomWorld {
 public:
  explicit RandomWorld(unsigned seed) : dice_(seed), job_(RandomJob(dice_)) {
    options_.stop_everything = dice_.Chance(40);
  }

  void Disturb() {
    if (dice_.Chance(5)) now_ -= seconds(dice_.Below(5000));  // the clock jumps back
    if (dice_.Chance(3)) now_ += seconds(dice_.Below(5000));  // the planner is late
    now_ += milliseconds(dice_.Below(20'000));
    if (dice_.Chance(8)) ChangeJob();
    for (auto it = world_.begin(); it != world_.end();) {
      Disturb(&it->second);
      it = dice_.Chance(2) ? world_.erase(it) : std::next(it);
    }
  }

  // From now on the job can be done, and every replica runs and does well.
  void Calm() {
    job_.run_policy.suspend = false;
    job_.run_policy.managed_by.clear();
    if (job_.parallelism) job_.parallelism = std::max(1, *job_.parallelism);
    const ReplicaType decider = WhoDecides(job_).type.value_or(job_.replicas.begin()->first);
    if (job_.NumReplicas(decider) == 0) job_.replicas[decider].replicas = 1;
    is_calm_ = true;
    now_ += seconds(40);
    for (auto& [id, view] : world_) {
      // Servers serve until nobody needs them.
      const bool serves = id.type == ReplicaType::kPs && !WhoDecides(job_).Include(id);
      if (view.phase == Phase::kPending) {
        view.phase = Phase::kRunning;
      } else if (view.phase == Phase::kRunning && (!serves || status_.is_finished())) {
        End(&view, 0);
      }
    }
  }

  // Only what the plan wants happens, and only when it wants to be woken. True if, after that, it
  // wants nothing more.
  bool IsAtRest() {
    is_calm_ = true;
    if (plan_.wake_at) now_ = *plan_.wake_at;
    for (auto& [id, view] : world_) {
      if (view.phase == Phase::kPending) view.phase = Phase::kRunning;
    }
    return plan_.actions.empty() && !plan_.wake_at;
  }

  void Plan() {
    const std::vector<ReplicaView> seen = Seen();
    const JobStatus before = status_;
    plan_ = job::Plan(job_, before, seen, now_, options_);
    ASSERT_NO_FATAL_FAILURE(CheckFixpoint(seen));
    ASSERT_NO_FATAL_FAILURE(CheckStory(before));
    for (const Action& action : plan_.actions) ASSERT_NO_FATAL_FAILURE(Apply(action, before));
    ASSERT_NO_FATAL_FAILURE(CheckNumbers());
    status_ = HandOver(plan_.status);
  }

  bool is_settled() const { return status_.is_finished() && plan_.done; }
  bool nothing_is_running() const {
    return std::none_of(world_.begin(), world_.end(),
                        [](const auto& entry) { return entry.second.is_active(); });
  }
  bool stops_everything() const { return options_.stop_everything; }
  // What a person wants to know of a world that went wrong.
  std::string Story() const {
    std::string story =
        fmt::format("rules {}, in order {}, elastic {}, parallelism {}\n",
                    static_cast<int>(job_.rules), static_cast<int>(job_.extensions.startup_order),
                    job_.enable_dynamic_worker, job_.parallelism.value_or(-1));
    for (const Condition& c : status_.conditions) {
      story += fmt::format("{} {}: {}\n", ConditionTypeName(c.type), c.status, c.message);
    }
    for (const auto& [id, record] : status_.replicas) {
      const auto view = world_.find(id);
      const bool is_there = view != world_.end();
      story +=
          fmt::format("{} of {}: state {}, instance {}, restarts {}; phase {} of {}\n", id.Name(),
                      job_.NumReplicas(id.type), static_cast<int>(record.state), record.instance,
                      record.restarts, is_there ? static_cast<int>(view->second.phase) : -1,
                      is_there ? view->second.instance : -1);
    }
    return story;
  }

 private:
  std::vector<ReplicaView> Seen() {
    std::vector<ReplicaView> seen;
    for (const auto& [id, view] : world_) {
      seen.push_back(view);
      if (!IsManagedElsewhere(job_)) seen_.insert({id, view.instance});
    }
    if (dice_.Chance(30)) std::reverse(seen.begin(), seen.end());
    return seen;
  }

  void ChangeJob() {
    spec::RunPolicy& policy = job_.run_policy;
    switch (dice_.Below(7)) {
      case 0:
      case 1:
        policy.suspend = !policy.suspend;
        break;
      case 2:
      case 3: {
        auto some =
            std::next(job_.replicas.begin(), dice_.Below(static_cast<int>(job_.replicas.size())));
        some->second.replicas = dice_.Below(5);
        break;
      }
      case 4:
        policy.active_deadline_seconds = dice_.Below(1000);
        break;
      case 5:
        if (job_.parallelism) job_.parallelism = dice_.Below(4);
        break;
      case 6:
        policy.managed_by = policy.managed_by.empty() ? "kueue.x-k8s.io/multikueue" : "";
        break;
    }
  }

  void Disturb(ReplicaView* view) {
    if (view->phase == Phase::kPending && dice_.Chance(20)) view->waiting_for = "ErrImagePull: no";
    if (view->phase == Phase::kPending && dice_.Chance(60)) view->phase = Phase::kRunning;
    const bool may_restart_in_place =
        PodRestartPolicy(job_, view->id.type) != spec::RestartPolicy::kNever;
    if (view->phase == Phase::kRunning && may_restart_in_place && dice_.Chance(3)) {
      ++view->in_place_restarts;
      view->exit_code = dice_.Below(256);
    }
    if (view->is_active() && dice_.Chance(12)) End(view, dice_.Chance(50) ? 0 : dice_.Below(256));
  }

  void End(ReplicaView* view, int code) {
    view->phase = code == 0 && dice_.Chance(95) ? Phase::kSucceeded : Phase::kFailed;
    if (is_calm_ && code == 0) view->phase = Phase::kSucceeded;
    view->exit_code = code;
    view->ended_at = now_;
    view->disrupted = view->phase == Phase::kFailed && dice_.Chance(20);
    view->out_of_memory = code == 137 || dice_.Chance(2);
    view->lingers = !is_calm_ && dice_.Chance(5);
  }

  // The next plan may be another process's, which has read what the API server kept.
  JobStatus HandOver(JobStatus status) {
    if (dice_.Chance(50)) return status;
    const auto cut = [](TimePoint* time) { *time = std::chrono::floor<seconds>(*time); };
    for (Condition& condition : status.conditions) {
      cut(&condition.last_update_time);
      cut(&condition.last_transition_time);
    }
    if (status.start_time) cut(&*status.start_time);
    if (status.completion_time) cut(&*status.completion_time);
    return status;
  }

  // Nothing changes, so nothing changes.
  void CheckFixpoint(const std::vector<ReplicaView>& seen) {
    const PlanResult again = job::Plan(job_, plan_.status, seen, now_, options_);
    ASSERT_EQ(again.status, plan_.status) << "the second plan changes the status";
    ASSERT_EQ(again.actions, plan_.actions) << "the second plan acts differently";
    ASSERT_TRUE(again.events.empty()) << "told twice: " << again.events.front().message;
    ASSERT_EQ(again.done, plan_.done);
    ASSERT_TRUE(!plan_.wake_at || *plan_.wake_at > now_) << "wakes in the past";
    ASSERT_TRUE(!again.wake_at || *again.wake_at > now_) << "wakes in the past";
  }

  void CheckStory(const JobStatus& before) {
    const JobStatus& status = plan_.status;
    const bool is_finished = status.is_finished();
    if (IsManagedElsewhere(job_)) {
      ASSERT_EQ(status, before);
      ASSERT_TRUE(plan_.actions.empty() && plan_.events.empty());
      return;
    }
    ASSERT_FALSE(status.Is(ConditionType::kSucceeded) && status.Is(ConditionType::kFailed));
    ASSERT_FALSE(status.Is(ConditionType::kRunning) && status.Is(ConditionType::kRestarting));
    ASSERT_FALSE(is_finished && status.Is(ConditionType::kRunning));
    ASSERT_FALSE(is_finished && status.Is(ConditionType::kRestarting));
    ASSERT_EQ(is_finished, status.completion_time.has_value());
    std::set<ConditionType> types;
    for (const Condition& c : status.conditions) ASSERT_TRUE(types.insert(c.type).second);
    if (before.is_finished()) {
      ASSERT_EQ(before.Is(ConditionType::kSucceeded), status.Is(ConditionType::kSucceeded));
      ASSERT_EQ(before.Is(ConditionType::kFailed), status.Is(ConditionType::kFailed));
    }
    ASSERT_FALSE(plan_.is_expired && (!before.is_finished() || job_.run_policy.suspend));
    ASSERT_GE(status.total_restarts(), before.total_restarts());
    const auto limit = job_.run_policy.backoff_limit;
    if (limit && !is_finished && !job_.run_policy.suspend) {
      ASSERT_LE(status.total_restarts(), *limit);
    }
    for (const auto& [id, record] : status.replicas) {
      if (record.state == ReplicaState::kSucceeded) finished_.insert(id);
    }
  }

  void CheckNumbers() {
    for (const auto& [type, counts] : plan_.status.replica_counts) {
      if (IsManagedElsewhere(job_)) break;
      ASSERT_LE(counts.active + counts.succeeded + counts.failed, job_.NumReplicas(type));
    }
    const bool has_started =
        std::any_of(plan_.actions.begin(), plan_.actions.end(),
                    [](const Action& action) { return action.kind == Action::Kind::kStart; });
    if (!has_started || !job_.parallelism) return;
    const auto active = std::count_if(world_.begin(), world_.end(),
                                      [](const auto& entry) { return entry.second.is_active(); });
    ASSERT_LE(active, *job_.parallelism);
  }

  // An action may come to nothing, and a stop may take its time.
  void Apply(const Action& action, const JobStatus& before) {
    const auto place = world_.find(action.id);
    if (action.kind == Action::Kind::kStart) {
      const std::string name = action.id.Name();
      ASSERT_FALSE(before.is_finished() || plan_.status.is_finished()) << name;
      ASSERT_FALSE(job_.run_policy.suspend) << name << " starts while suspended";
      ASSERT_FALSE(finished_.contains(action.id)) << name << " runs a second time";
      ASSERT_LT(action.id.index, job_.NumReplicas(action.id.type));
      ASSERT_FALSE(place != world_.end() && place->second.is_active()) << name << " is there";
      ASSERT_FALSE(place != world_.end() && place->second.instance >= action.instance) << name;
      if (!is_calm_ && dice_.Chance(10)) return;
      ASSERT_FALSE(seen_.contains({action.id, action.instance})) << name << " begins twice";
      world_[action.id] = {
          .id = action.id, .instance = action.instance, .started_at = now_, .ended_at = {}};
      return;
    }
    ASSERT_TRUE(place != world_.end());
    ASSERT_EQ(place->second.instance, action.instance);
    if (!is_calm_ && dice_.Chance(30)) return;
    if (action.kind == Action::Kind::kRemove) {
      ASSERT_FALSE(place->second.is_active());
      world_.erase(place);
    } else if (place->second.lingers || dice_.Chance(30)) {
      world_.erase(place);
    } else {
      End(&place->second, dice_.Chance(50) ? 0 : 143);
    }
  }

  Dice dice_;
  spec::TFJob job_;
  PlanOptions options_;
  JobStatus status_;
  PlanResult plan_;
  std::map<ReplicaId, ReplicaView> world_;
  std::set<ReplicaId> finished_;
  std::set<std::pair<ReplicaId, int>> seen_;  // instances that a plan was told of
  bool is_calm_ = false;
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
    for (int i = 0; i < 60 && !world.is_settled(); ++i) {
      world.Calm();
      ASSERT_NO_FATAL_FAILURE(world.Plan());
    }
    ASSERT_TRUE(world.is_settled()) << world.Story();
    if (world.stops_everything()) {
      ASSERT_TRUE(world.nothing_is_running());
    }
  }
}

TEST(PlanPropertyTest, AWorldThatIsLeftAloneComesToRest) {
  for (unsigned seed = 0; seed < 2000; ++seed) {
    SCOPED_TRACE(seed);
    RandomWorld world(seed);
    for (int i = 0; i < 30; ++i) {
      world.Disturb();
      ASSERT_NO_FATAL_FAILURE(world.Plan());
    }
    int plans = 0;
    while (!world.IsAtRest()) {
      ASSERT_LT(++plans, 60) << world.Story();
      ASSERT_NO_FATAL_FAILURE(world.Plan());
    }
  }
}

}  // namespace
}  // namespace trainyard::job

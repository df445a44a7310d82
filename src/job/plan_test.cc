#include "job/plan.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace trainyard::job {
namespace {

using spec::CleanPodPolicy;
using spec::ReplicaType;
using spec::RestartPolicy;
using spec::TFJob;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

const TimePoint kStart = TimePoint(seconds(1'700'000'000));
constexpr auto kGo = Action::Kind::kStart;
constexpr auto kHalt = Action::Kind::kStop;
constexpr auto kClear = Action::Kind::kRemove;
const ReplicaId kChief{ReplicaType::kChief, 0};
const ReplicaId kPs{ReplicaType::kPs, 0};
const ReplicaId kEvaluator{ReplicaType::kEvaluator, 0};
ReplicaId Worker(int index) { return {ReplicaType::kWorker, index}; }

TFJob Job(std::map<ReplicaType, int> counts, RestartPolicy policy = RestartPolicy::kOnFailure) {
  TFJob job;
  job.name = "mnist";
  job.name_space = "team";
  for (const auto& [type, count] : counts) {
    job.replicas[type].replicas = count;
    job.replicas[type].restart_policy = policy;
  }
  return job;
}

// A job under way: remembers the status, the replicas as the world has them, and the time.
struct World {
  TFJob job;
  PlanOptions options;
  JobStatus status;
  std::map<ReplicaId, ReplicaView> replicas;
  TimePoint now = kStart;
  PlanResult plan;

  // Plans once and lets every start come true at once.
  const std::vector<Action>& Step() {
    std::vector<ReplicaView> seen;
    for (const auto& [id, view] : replicas) seen.push_back(view);
    plan = Plan(job, status, seen, now, options);
    status = plan.status;
    for (const Action& action : plan.actions) {
      if (action.kind == kGo) {
        replicas[action.id] = ReplicaView{.id = action.id, .instance = action.instance};
        replicas[action.id].phase = Phase::kRunning;
        replicas[action.id].started_at = now;
      }
    }
    return plan.actions;
  }

  void End(const ReplicaId& id, int exit_code) {
    replicas[id].phase = exit_code == 0 ? Phase::kSucceeded : Phase::kFailed;
    replicas[id].exit_code = exit_code;
    replicas[id].ended_at = now;
  }

  std::string Last() const {
    const Condition& last = status.conditions.back();
    return fmt::format("{} {} {}: {}", ConditionTypeName(last.type), last.status, last.reason,
                       last.message);
  }
};

World Running(TFJob job) {
  World world{.job = std::move(job), .options = {}, .status = {}, .replicas = {}, .plan = {}};
  world.Step();
  world.Step();
  return world;
}

TEST(PlanTest, StartsEveryReplicaParameterServersFirst) {
  World world{
      .job = Job({{ReplicaType::kWorker, 2}, {ReplicaType::kPs, 1}, {ReplicaType::kChief, 1}}),
      .options = {},
      .status = {},
      .replicas = {},
      .plan = {}};
  EXPECT_THAT(world.Step(), ElementsAre(Action{kGo, kPs, 0}, Action{kGo, kChief, 0},
                                        Action{kGo, Worker(0), 0}, Action{kGo, Worker(1), 0}));
  EXPECT_EQ(world.Last(), "Created true TFJobCreated: TFJob mnist is created.");
  EXPECT_EQ(world.status.start_time, kStart);
  EXPECT_THAT(world.Step(), IsEmpty());
  EXPECT_EQ(world.Last(), "Running true TFJobRunning: TFJob team/mnist is running.");
  EXPECT_EQ(world.status.replica_counts[ReplicaType::kWorker], (ReplicaCounts{2, 0, 0}));
}

TEST(PlanTest, StartsAreRepeatedUntilTheyAreSeen) {
  const TFJob job = Job({{ReplicaType::kWorker, 1}});
  const PlanResult first = Plan(job, {}, {}, kStart);
  const PlanResult second = Plan(job, first.status, {}, kStart);
  EXPECT_EQ(first.actions, second.actions);
  EXPECT_EQ(second.status.total_restarts(), 0);
}

TEST(PlanTest, TheChiefsSuccessIsTheJobs) {
  World world = Running(Job({{ReplicaType::kChief, 1}, {ReplicaType::kWorker, 2}}));
  world.End(Worker(0), 0);
  world.Step();
  EXPECT_FALSE(world.status.is_finished());
  world.End(kChief, 0);
  world.Step();
  EXPECT_EQ(world.Last(),
            "Succeeded true TFJobSucceeded: TFJob team/mnist successfully completed.");
  EXPECT_FALSE(world.status.Find(ConditionType::kRunning)->status);
  EXPECT_EQ(world.status.completion_time, kStart);
}

TEST(PlanTest, TheLegacyMasterDecidesLikeAChief) {
  World world = Running(Job({{ReplicaType::kMaster, 1}, {ReplicaType::kWorker, 1}}));
  world.End({ReplicaType::kMaster, 0}, 0);
  world.Step();
  EXPECT_TRUE(world.status.Is(ConditionType::kSucceeded));
}

TEST(PlanTest, WithoutAChiefWorkerZeroDecides) {
  World world = Running(Job({{ReplicaType::kWorker, 2}, {ReplicaType::kPs, 1}}));
  world.End(Worker(1), 0);
  world.Step();
  EXPECT_FALSE(world.status.is_finished());
  world.End(Worker(0), 0);
  world.Step();
  EXPECT_TRUE(world.status.Is(ConditionType::kSucceeded));
}

TEST(PlanTest, AllWorkersWaitsForEachOfThem) {
  TFJob job = Job({{ReplicaType::kWorker, 2}});
  job.success_policy = spec::SuccessPolicy::kAllWorkers;
  World world = Running(job);
  world.End(Worker(0), 0);
  world.Step();
  EXPECT_FALSE(world.status.is_finished());
  world.End(Worker(1), 0);
  world.Step();
  EXPECT_TRUE(world.status.Is(ConditionType::kSucceeded));
}

TEST(PlanTest, AJobOfParameterServersOnlyRunsAndSucceeds) {
  World world = Running(Job({{ReplicaType::kPs, 2}}));
  EXPECT_TRUE(world.status.Is(ConditionType::kRunning));
  world.End({ReplicaType::kPs, 0}, 0);
  world.End({ReplicaType::kPs, 1}, 0);
  world.Step();
  EXPECT_TRUE(world.status.Is(ConditionType::kSucceeded));
}

TEST(PlanTest, NoReplicasMeansNoActionsAndNoSuccess) {
  World world = Running(Job({{ReplicaType::kWorker, 0}}));
  EXPECT_THAT(world.plan.actions, IsEmpty());
  EXPECT_FALSE(world.status.is_finished());
}

TEST(PlanTest, AFailedReplicaIsRestartedAfterADelayAndOnlyOnce) {
  World world = Running(Job({{ReplicaType::kChief, 1}, {ReplicaType::kWorker, 1}}));
  world.End(Worker(0), 1);
  EXPECT_THAT(world.Step(), IsEmpty());
  EXPECT_EQ(
      world.Last(),
      "Restarting true TFJobRestarting: job mnist is restarting because Worker replica(s) failed.");
  EXPECT_EQ(world.status.Find(ConditionType::kRunning), nullptr);
  EXPECT_EQ(world.plan.wake_at, kStart + milliseconds(500));
  world.Step();
  EXPECT_EQ(world.status.total_restarts(), 1);
  world.now += milliseconds(500);
  EXPECT_THAT(world.Step(), ElementsAre(Action{kGo, Worker(0), 1}));
  world.Step();
  EXPECT_EQ(world.Last(), "Running true TFJobRunning: TFJob team/mnist is running.");
  EXPECT_EQ(world.status.Find(ConditionType::kRestarting), nullptr);
}

TEST(PlanTest, RestartsComeSlowerWhileTheyFailQuickly) {
  World world = Running(Job({{ReplicaType::kWorker, 1}}));
  std::vector<int64_t> waits;
  for (int i = 0; i < 4; ++i) {
    world.End(Worker(0), 1);
    world.Step();
    waits.push_back((*world.plan.wake_at - world.now) / milliseconds(1));
    world.now = *world.plan.wake_at;
    world.Step();
  }
  EXPECT_THAT(waits, ElementsAre(500, 1000, 2000, 4000));
  world.now += std::chrono::minutes(11);
  world.End(Worker(0), 1);
  world.Step();
  EXPECT_EQ(*world.plan.wake_at - world.now, milliseconds(500));
}

TEST(PlanTest, UnderNeverAFailureFailsTheJob) {
  World world =
      Running(Job({{ReplicaType::kChief, 1}, {ReplicaType::kWorker, 3}}, RestartPolicy::kNever));
  world.End(Worker(1), 7);
  world.End(Worker(2), 7);
  world.Step();
  EXPECT_EQ(
      world.Last(),
      "Failed true TFJobFailed: TFJob team/mnist has failed because 2 Worker replica(s) failed.");
  EXPECT_EQ(world.status.replicas[Worker(1)].exit_code, 7);
  EXPECT_EQ(world.status.replica_counts[ReplicaType::kWorker], (ReplicaCounts{1, 0, 2}));
}

TEST(PlanTest, UnderExitCodeAPermanentCodeFailsTheJobAndASignalDoesNot) {
  World world =
      Running(Job({{ReplicaType::kChief, 1}, {ReplicaType::kPs, 1}}, RestartPolicy::kExitCode));
  world.End(kPs, 137);
  world.Step();
  EXPECT_TRUE(world.status.Is(ConditionType::kRestarting));
  world.End(kChief, 2);
  world.Step();
  EXPECT_EQ(
      world.Last(),
      "Failed true TFJobFailed: job \"mnist\" is failing because \"Chief\" replica(s) failed.");
  EXPECT_EQ(world.status.Find(ConditionType::kRestarting), nullptr);
}

TEST(PlanTest, SuccessAndFailureAtOnceIsSuccessAlone) {
  World world =
      Running(Job({{ReplicaType::kChief, 1}, {ReplicaType::kWorker, 1}}, RestartPolicy::kNever));
  world.End(kChief, 0);
  world.End(Worker(0), 1);
  world.Step();
  EXPECT_TRUE(world.status.Is(ConditionType::kSucceeded));
  EXPECT_FALSE(world.status.Is(ConditionType::kFailed));
}

TEST(PlanTest, BackoffLimitCountsEveryKindOfRestart) {
  TFJob job = Job({{ReplicaType::kChief, 1}, {ReplicaType::kWorker, 3}});
  job.run_policy.backoff_limit = 2;
  World world = Running(job);
  world.replicas[Worker(0)].in_place_restarts = 1;
  world.replicas.erase(Worker(1));  // evicted
  world.Step();
  EXPECT_FALSE(world.status.is_finished());
  world.End(Worker(2), 1);
  world.Step();
  EXPECT_EQ(world.Last(),
            "Failed true TFJobFailed: Job mnist has failed because it has reached the "
            "specified backoff limit");
}

TEST(PlanTest, BackoffLimitZeroAllowsNoRestart) {
  TFJob job = Job({{ReplicaType::kWorker, 1}});
  job.run_policy.backoff_limit = 0;
  World world = Running(job);
  EXPECT_FALSE(world.status.is_finished());
  world.End(Worker(0), 1);
  world.Step();
  EXPECT_TRUE(world.status.Is(ConditionType::kFailed));
}

TEST(PlanTest, TheDeadlineFiresOnAQuietJob) {
  TFJob job = Job({{ReplicaType::kWorker, 1}});
  job.run_policy.active_deadline_seconds = 60;
  World world = Running(job);
  ASSERT_EQ(world.plan.wake_at, kStart + seconds(60));
  world.now = *world.plan.wake_at;
  world.Step();
  EXPECT_EQ(world.Last(),
            "Failed true TFJobFailed: Job mnist has failed because it was active "
            "longer than specified deadline");
}

TEST(PlanTest, AVanishedReplicaIsReplacedUnderEveryPolicy) {
  World world =
      Running(Job({{ReplicaType::kChief, 1}, {ReplicaType::kWorker, 1}}, RestartPolicy::kNever));
  world.replicas.erase(Worker(0));
  world.Step();
  EXPECT_FALSE(world.status.is_finished());
  world.now = *world.plan.wake_at;
  EXPECT_THAT(world.Step(), ElementsAre(Action{kGo, Worker(0), 1}));
}

TEST(PlanTest, AFinishedReplicaIsNotRunAgainWhenItVanishes) {
  World world = Running(Job({{ReplicaType::kChief, 1}, {ReplicaType::kWorker, 1}}));
  world.End(Worker(0), 0);
  world.Step();
  world.replicas.erase(Worker(0));
  EXPECT_THAT(world.Step(), IsEmpty());
  EXPECT_EQ(world.status.replica_counts[ReplicaType::kWorker], (ReplicaCounts{0, 1, 0}));
}

TEST(PlanTest, AfterSuccessEachKindHasItsTimeToEnd) {
  World world =
      Running(Job({{ReplicaType::kChief, 1}, {ReplicaType::kPs, 1}, {ReplicaType::kEvaluator, 1}}));
  world.options.stop_everything = true;
  world.End(kChief, 0);
  EXPECT_THAT(world.Step(), IsEmpty());
  EXPECT_EQ(world.plan.wake_at, kStart + seconds(10));
  EXPECT_FALSE(world.plan.done);
  world.now = kStart + seconds(10);
  EXPECT_THAT(world.Step(), ElementsAre(Action{kHalt, kPs, 0}));
  world.End(kPs, 143);
  EXPECT_THAT(world.Step(), IsEmpty());
  EXPECT_EQ(world.status.replica_counts[ReplicaType::kPs], (ReplicaCounts{0, 1, 0}));
  world.now = kStart + seconds(120);
  EXPECT_THAT(world.Step(), ElementsAre(Action{kHalt, kEvaluator, 0}));
  world.End(kEvaluator, 0);
  world.Step();
  EXPECT_TRUE(world.plan.done);
}

TEST(PlanTest, AfterFailureEverythingStopsAtOnce) {
  World world =
      Running(Job({{ReplicaType::kChief, 1}, {ReplicaType::kPs, 1}}, RestartPolicy::kNever));
  world.options.stop_everything = true;
  world.End(kChief, 1);
  EXPECT_THAT(world.Step(), ElementsAre(Action{kHalt, kPs, 0}));
  world.End(kPs, 143);
  EXPECT_THAT(world.Step(), IsEmpty());
  EXPECT_TRUE(world.plan.done);
  EXPECT_EQ(world.status.replica_counts[ReplicaType::kPs], ReplicaCounts{});
}

TEST(PlanTest, CleanPodPolicyDecidesWhatGoes) {
  struct Row {
    CleanPodPolicy policy;
    std::vector<Action> expected;
  };
  const Row rows[] = {
      {CleanPodPolicy::kNone, {{kHalt, kPs, 0}}},
      {CleanPodPolicy::kRunning, {{kHalt, kPs, 0}, {kHalt, Worker(0), 0}}},
      {CleanPodPolicy::kAll, {{kHalt, kPs, 0}, {kClear, kChief, 0}, {kHalt, Worker(0), 0}}},
  };
  for (const Row& row : rows) {
    TFJob job = Job({{ReplicaType::kChief, 1}, {ReplicaType::kPs, 1}, {ReplicaType::kWorker, 1}},
                    RestartPolicy::kNever);
    job.run_policy.clean_pod_policy = row.policy;
    World world = Running(job);
    world.End(kChief, 1);
    EXPECT_EQ(world.Step(), row.expected) << spec::CleanPodPolicyName(row.policy);
  }
}

TEST(PlanTest, DynamicWorkersMayBeLost) {
  TFJob job = Job({{ReplicaType::kWorker, 2}, {ReplicaType::kPs, 1}}, RestartPolicy::kNever);
  job.enable_dynamic_worker = true;
  World world = Running(job);
  world.End(Worker(0), 1);
  world.Step();
  EXPECT_FALSE(world.status.is_finished());
  world.End(Worker(1), 1);
  world.Step();
  EXPECT_TRUE(world.status.Is(ConditionType::kFailed));
}

TEST(PlanTest, ScalingDownStopsTheHighestAndScalingUpStartsNewOnes) {
  World world = Running(Job({{ReplicaType::kChief, 1}, {ReplicaType::kWorker, 3}}));
  world.job.replicas[ReplicaType::kWorker].replicas = 1;
  EXPECT_THAT(world.Step(),
              UnorderedElementsAre(Action{kHalt, Worker(1), 0}, Action{kHalt, Worker(2), 0}));
  world.replicas.erase(Worker(1));
  world.replicas.erase(Worker(2));
  EXPECT_THAT(world.Step(), IsEmpty());
  world.job.replicas[ReplicaType::kWorker].replicas = 2;
  EXPECT_THAT(world.Step(), ElementsAre(Action{kGo, Worker(1), 0}));
}

TEST(PlanTest, SuspendStopsAndResumeDoesNotRepeatWhatIsFinished) {
  World world = Running(Job({{ReplicaType::kChief, 1}, {ReplicaType::kWorker, 2}}));
  world.End(Worker(0), 0);
  world.Step();
  world.job.run_policy.suspend = true;
  EXPECT_THAT(world.Step(),
              UnorderedElementsAre(Action{kHalt, kChief, 0}, Action{kClear, Worker(0), 0},
                                   Action{kHalt, Worker(1), 0}));
  EXPECT_EQ(world.Last(), "Suspended true TFJobSuspended: TFJob mnist is suspended.");
  world.replicas.clear();
  EXPECT_THAT(world.Step(), IsEmpty());
  world.job.run_policy.suspend = false;
  world.now += seconds(5);
  EXPECT_THAT(world.Step(),
              UnorderedElementsAre(Action{kGo, kChief, 1}, Action{kGo, Worker(1), 1}));
  EXPECT_EQ(world.status.start_time, world.now);
  EXPECT_EQ(world.status.total_restarts(), 0);
  world.Step();
  std::vector<std::string> order;
  for (const Condition& c : world.status.conditions) {
    order.push_back(fmt::format("{} {}", ConditionTypeName(c.type), c.status));
  }
  EXPECT_THAT(order, ElementsAre("Created true", "Suspended false", "Running true"));
}

TEST(PlanTest, AJobCreatedSuspendedStartsNothing) {
  World world{.job = Job({{ReplicaType::kWorker, 1}}),
              .options = {},
              .status = {},
              .replicas = {},
              .plan = {}};
  world.job.run_policy.suspend = true;
  EXPECT_THAT(world.Step(), IsEmpty());
  EXPECT_FALSE(world.status.start_time.has_value());
}

}  // namespace
}  // namespace trainyard::job

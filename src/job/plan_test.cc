#include "job/plan.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "job/testing/world.h"

namespace trainyard::job {
namespace {

using namespace testing;  // NOLINT: the vocabulary of these tests
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

TEST(PlanTest, StartsEveryReplicaParameterServersFirst) {
  World world{
      .job = Job({{ReplicaType::kWorker, 2}, {ReplicaType::kPs, 1}, {ReplicaType::kChief, 1}})};
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
  EXPECT_THAT(world.Step(), ElementsAre(Action{kGo, Worker(1), 1}));
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
  EXPECT_THAT(world.Order(), ElementsAre("Created true", "Suspended false", "Running true"));
}

TEST(PlanTest, AJobCreatedSuspendedStartsNothing) {
  World world{.job = Job({{ReplicaType::kWorker, 1}})};
  world.job.run_policy.suspend = true;
  EXPECT_THAT(world.Step(), IsEmpty());
  EXPECT_FALSE(world.status.start_time.has_value());
}

}  // namespace
}  // namespace trainyard::job

// Suspension, resumption and scaling of jobs under way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "job/testing/world.h"

namespace trainyard::job {
namespace {

using namespace testing;  // NOLINT: the vocabulary of these tests
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(SuspendTest, ASuccessAtTheSameMomentIsTheJobsEnd) {
  World world = Running(Job({{ReplicaType::kChief, 1}, {ReplicaType::kWorker, 1}}));
  world.job.run_policy.suspend = true;
  world.End(kChief, 0);
  world.Step();
  EXPECT_TRUE(world.Is(ConditionType::kSucceeded));
  EXPECT_FALSE(world.Is(ConditionType::kSuspended));
}

TEST(SuspendTest, PodsThatGoWithASuspensionAreNoRestarts) {
  TFJob job = Job({{ReplicaType::kWorker, 2}});
  job.run_policy.backoff_limit = 0;
  World world = Running(job);
  world.job.run_policy.suspend = true;
  world.replicas.erase(Worker(0));
  world.End(Worker(1), 143);
  EXPECT_THAT(world.Step(), ElementsAre(Action{kClear, Worker(1), 0}));
  EXPECT_EQ(world.status.total_restarts(), 0);
  EXPECT_EQ(world.Last(), "Suspended true TFJobSuspended: TFJob mnist is suspended.");
}

TEST(SuspendTest, TheConditionsKeepTheControllersOrder) {
  World world = Running(Job({{ReplicaType::kWorker, 1}}));
  world.job.run_policy.suspend = true;
  world.Step();
  EXPECT_THAT(world.Order(), ElementsAre("Created true", "Running false", "Suspended true"));
  EXPECT_EQ(world.status.Find(ConditionType::kRunning)->reason, "TFJobSuspended");
  EXPECT_EQ(world.status.replica_counts[ReplicaType::kWorker], ReplicaCounts{});
  world.Obey();
  world.job.run_policy.suspend = false;
  world.Step();
  EXPECT_THAT(world.Events(), ElementsAre("N TFJobResumed: TFJob mnist is resumed."));
  world.Step();
  EXPECT_THAT(world.Order(), ElementsAre("Created true", "Suspended false", "Running true"));
}

TEST(SuspendTest, ANewInstanceWaitsForTheOldOnesEnd) {
  World world = Running(Job({{ReplicaType::kWorker, 1}}, RestartPolicy::kNever));
  world.job.run_policy.suspend = true;
  world.Step();
  world.job.run_policy.suspend = false;
  EXPECT_THAT(world.Step(), ElementsAre(Action{kHalt, Worker(0), 0}));
  world.End(Worker(0), 143);
  EXPECT_THAT(world.Step(), ElementsAre(Action{kGo, Worker(0), 1}));
  EXPECT_FALSE(world.status.is_finished());
}

TEST(SuspendTest, AStartThatWasOnItsWayIsTakenBack) {
  World world{.job = Job({{ReplicaType::kWorker, 1}}, RestartPolicy::kNever)};
  world.Step();
  world.job.run_policy.suspend = true;
  EXPECT_THAT(world.Step(), ElementsAre(Action{kHalt, Worker(0), 0}));
  world.End(Worker(0), 143);
  world.job.run_policy.suspend = false;
  EXPECT_THAT(world.Step(), ElementsAre(Action{kGo, Worker(0), 1}));
}

TEST(SuspendTest, AfterResumptionNothingIsCalledARestart) {
  World world = Running(Job({{ReplicaType::kChief, 1}, {ReplicaType::kWorker, 1}}));
  world.End(Worker(0), 1);
  world.Step();
  ASSERT_TRUE(world.Is(ConditionType::kRestarting));
  world.job.run_policy.suspend = true;
  world.Step();
  world.Obey();
  world.job.run_policy.suspend = false;
  world.Step();
  world.Step();
  EXPECT_EQ(world.status.conditions.back().type, ConditionType::kRunning);
}

TEST(ScaleTest, AFinishedReplicaStaysFinishedWhenItIsScaledAwayAndBack) {
  World world = Running(Job({{ReplicaType::kChief, 1}, {ReplicaType::kWorker, 2}}));
  world.End(Worker(1), 0);
  world.Step();
  world.job.replicas[ReplicaType::kWorker].replicas = 1;
  EXPECT_THAT(world.Step(), ElementsAre(Action{kClear, Worker(1), 0}));
  world.Obey();
  world.job.replicas[ReplicaType::kWorker].replicas = 2;
  EXPECT_THAT(world.Step(), IsEmpty());
}

TEST(ScaleTest, AnInstanceStoppedByScalingSaysNothingOfTheNext) {
  World world =
      Running(Job({{ReplicaType::kChief, 1}, {ReplicaType::kWorker, 2}}, RestartPolicy::kNever));
  world.job.replicas[ReplicaType::kWorker].replicas = 1;
  world.Step();
  world.End(Worker(1), 143);
  world.job.replicas[ReplicaType::kWorker].replicas = 2;
  EXPECT_THAT(world.Step(), ElementsAre(Action{kGo, Worker(1), 1}));
  EXPECT_FALSE(world.status.is_finished());
}

TEST(ElasticTest, TheWorkersThatAreLeftMakeTheJobSucceed) {
  TFJob job = Job({{ReplicaType::kWorker, 2}}, RestartPolicy::kNever);
  job.enable_dynamic_worker = true;
  World world = Running(job);
  world.End(Worker(0), 1);
  world.Step();
  EXPECT_FALSE(world.status.is_finished());
  world.End(Worker(1), 0);
  world.Step();
  EXPECT_TRUE(world.Is(ConditionType::kSucceeded));
}

TEST(ElasticTest, ButNotUnderAllWorkers) {
  TFJob job = Job({{ReplicaType::kWorker, 2}}, RestartPolicy::kNever);
  job.enable_dynamic_worker = true;
  job.success_policy = spec::SuccessPolicy::kAllWorkers;
  World world = Running(job);
  world.End(Worker(0), 1);
  world.End(Worker(1), 0);
  world.Step();
  EXPECT_TRUE(world.Is(ConditionType::kFailed));
}

}  // namespace
}  // namespace trainyard::job

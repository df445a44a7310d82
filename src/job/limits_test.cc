// What bounds a job: its restarts, its time, its life after the end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "job/testing/world.h"

namespace trainyard::job {
namespace {

using namespace testing;  // NOLINT: the vocabulary of these tests
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(BackoffLimitTest, NRestartsAreAllowedAndOneMoreIsNot) {
  TFJob job = Job({{ReplicaType::kWorker, 1}});
  job.run_policy.backoff_limit = 2;
  World world = Running(job);
  world.replicas[Worker(0)].in_place_restarts = 2;
  world.Step();
  EXPECT_FALSE(world.status.is_finished());
  world.replicas[Worker(0)].in_place_restarts = 3;
  world.Step();
  EXPECT_TRUE(world.Is(ConditionType::kFailed));
}

TEST(BackoffLimitTest, TheRestartThatIsRefusedIsNotCounted) {
  TFJob job = Job({{ReplicaType::kChief, 1}, {ReplicaType::kWorker, 2}});
  job.run_policy.backoff_limit = 1;
  World world = Running(job);
  world.End(Worker(0), 1);
  world.Step();
  world.StepAt(*world.plan.wake_at);
  world.Step();
  EXPECT_EQ(world.status.replicas[Worker(0)].restarts, 1);
  // Two at once, and neither comes back.
  world.End(Worker(0), 1);
  world.End(Worker(1), 1);
  world.Step();
  EXPECT_TRUE(world.Is(ConditionType::kFailed));
  EXPECT_EQ(world.status.replicas[Worker(0)].restarts, 1);
  EXPECT_EQ(world.status.replicas[Worker(1)].restarts, 0);
  EXPECT_EQ(world.status.replica_counts[ReplicaType::kWorker], (ReplicaCounts{0, 0, 2}));
  world.Obey();
  world.Step();
  EXPECT_EQ(world.status.total_restarts(), 1);
}

TEST(BackoffLimitTest, ARestartThatTheJobsEndForestallsIsNotCounted) {
  World world = Running(Job({{ReplicaType::kChief, 1}, {ReplicaType::kWorker, 1}}));
  world.End(Worker(0), 1);
  world.End(kChief, 0);
  world.Step();
  EXPECT_TRUE(world.Is(ConditionType::kSucceeded));
  EXPECT_EQ(world.status.total_restarts(), 0);
}

TEST(BackoffLimitTest, RestartsInPlaceStayCountedWhenThePodIsGone) {
  World world = Running(Job({{ReplicaType::kChief, 1}, {ReplicaType::kWorker, 1}}));
  world.replicas[Worker(0)].in_place_restarts = 2;
  world.Step();
  EXPECT_EQ(world.status.total_restarts(), 2);
  world.replicas.erase(Worker(0));
  world.Step();
  EXPECT_EQ(world.status.total_restarts(), 3);
  world.job.replicas[ReplicaType::kWorker].replicas = 0;
  world.Step();
  EXPECT_EQ(world.status.total_restarts(), 3) << "nor does scaling down forget them";
}

TEST(BackoffLimitTest, WhatIsAtWorkIsStoppedUnderEveryPolicy) {
  TFJob job = Job({{ReplicaType::kChief, 1}, {ReplicaType::kWorker, 1}});
  job.run_policy.backoff_limit = 0;
  World world = Running(job);
  world.End(Worker(0), 1);
  EXPECT_THAT(world.Step(), ElementsAre(Action{kHalt, kChief, 0}));
  EXPECT_THAT(world.Step(), ElementsAre(Action{kHalt, kChief, 0}));
  world.End(kChief, 143);
  world.Step();
  EXPECT_TRUE(world.plan.done);
  EXPECT_EQ(world.status.replica_counts[ReplicaType::kWorker], (ReplicaCounts{0, 0, 1}));
}

TEST(MaxRestartsTest, OneMoreFailsTheJobAndNamesTheReplica) {
  TFJob job = Job({{ReplicaType::kChief, 1}, {ReplicaType::kWorker, 2}});
  job.extensions.max_restarts_per_replica = 1;
  World world = Running(job);
  for (int worker : {0, 1, 1}) {
    ASSERT_FALSE(world.status.is_finished());
    world.End(Worker(worker), 1);
    world.Step();
    if (world.plan.wake_at) world.StepAt(*world.plan.wake_at);
  }
  EXPECT_EQ(world.Last(),
            "Failed true TFJobFailed: TFJob team/mnist has failed because replica worker-1 failed "
            "after 1 restart(s), as many as one replica may have.");
  EXPECT_EQ(world.status.replicas[Worker(1)].restarts, 1);
}

TEST(MaxRestartsTest, AnElasticWorkerIsGivenUpInstead) {
  TFJob job = Job({{ReplicaType::kChief, 1}, {ReplicaType::kWorker, 1}});
  job.extensions.max_restarts_per_replica = 1;
  job.enable_dynamic_worker = true;
  World world = Running(job);
  world.replicas[Worker(0)].in_place_restarts = 2;
  EXPECT_THAT(world.Step(), ElementsAre(Action{kHalt, Worker(0), 0}));
  EXPECT_FALSE(world.status.is_finished());
}

TEST(PendingTimeoutTest, AReplicaThatRunsInTimeIsLeftAlone) {
  TFJob job = Job({{ReplicaType::kWorker, 1}});
  job.extensions.pending_timeout_seconds = 60;
  World world{.job = job, .after_start = Phase::kPending};
  world.Step();
  EXPECT_EQ(world.plan.wake_at, kStart + seconds(60));
  world.replicas[Worker(0)].phase = Phase::kRunning;
  world.StepAt(kStart + seconds(59));
  world.StepAt(kStart + seconds(6000));
  EXPECT_TRUE(world.Is(ConditionType::kRunning));
}

TEST(PendingTimeoutTest, WaitingForServersIsNotCounted) {
  TFJob job = Job({{ReplicaType::kPs, 1}, {ReplicaType::kWorker, 1}});
  job.extensions.pending_timeout_seconds = 60;
  job.extensions.startup_order = spec::StartupOrder::kInOrder;
  World world{.job = job, .after_start = Phase::kPending};
  world.Step();
  world.StepAt(kStart + seconds(59));
  world.replicas[kPs].phase = Phase::kRunning;
  world.Step();
  EXPECT_EQ(world.plan.wake_at, kStart + seconds(59 + 60));
}

TEST(DeadlineTest, IsCountedAnewAfterResumption) {
  TFJob job = Job({{ReplicaType::kWorker, 1}});
  job.run_policy.active_deadline_seconds = 60;
  World world = Running(job);
  world.job.run_policy.suspend = true;
  world.StepAt(kStart + seconds(50));
  world.Obey();
  EXPECT_EQ(world.status.start_time, kStart);
  world.StepAt(kStart + seconds(500));
  EXPECT_FALSE(world.plan.wake_at.has_value());
  world.job.run_policy.suspend = false;
  world.Step();
  EXPECT_EQ(world.plan.wake_at, kStart + seconds(560));
}

TEST(DeadlineTest, AnyNumberMayStandThere) {
  TFJob job = Job({{ReplicaType::kWorker, 1}});
  job.run_policy.active_deadline_seconds = std::numeric_limits<int64_t>::max();
  World world = Running(job);
  EXPECT_FALSE(world.plan.wake_at.has_value());
  world.job.run_policy.active_deadline_seconds = -1;
  world.Step();
  EXPECT_TRUE(world.Is(ConditionType::kFailed));
}

TEST(TtlTest, NeverWhileSuspended) {
  TFJob job = Job({{ReplicaType::kWorker, 1}});
  job.run_policy.ttl_seconds_after_finished = 1;
  World world = Running(job);
  world.End(Worker(0), 0);
  world.Step();
  world.job.run_policy.suspend = true;
  world.StepAt(kStart + seconds(100));
  EXPECT_FALSE(world.plan.is_expired);
  EXPECT_FALSE(world.plan.wake_at.has_value());
}

TEST(TtlTest, AJobThatHasNotEndedDoesNotExpire) {
  TFJob job = Job({{ReplicaType::kWorker, 1}});
  job.run_policy.ttl_seconds_after_finished = 1;
  World world = Running(job);
  world.StepAt(kStart + seconds(100));
  EXPECT_FALSE(world.plan.is_expired);
}

}  // namespace
}  // namespace trainyard::job

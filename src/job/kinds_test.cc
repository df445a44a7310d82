// Jobs that live by other rules than a TFJob of today, and those that are not ours.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "job/testing/world.h"

namespace trainyard::job {
namespace {

using namespace testing;  // NOLINT: the vocabulary of these tests
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TFJob BatchJob(int completions, int parallelism) {
  TFJob job = Job({{ReplicaType::kWorker, completions}}, RestartPolicy::kOnFailure);
  job.rules = JobRules::kBatchJob;
  job.parallelism = parallelism;
  job.run_policy.backoff_limit = 6;
  return job;
}

TEST(BatchJobTest, RunsNoMoreAtOnceThanItsParallelism) {
  World world = Running(BatchJob(3, 2));
  EXPECT_THAT(world.plan.actions, IsEmpty());
  EXPECT_EQ(world.replicas.size(), 2u);
  world.End(Worker(1), 0);
  EXPECT_THAT(world.Step(), ElementsAre(Action{kGo, Worker(2), 0}));
}

TEST(BatchJobTest, SucceedsWhenAllCompletionsHave) {
  World world = Running(BatchJob(2, 2));
  EXPECT_EQ(world.Last(), "Running true JobRunning: Job team/mnist is running.");
  world.End(Worker(0), 0);
  world.Step();
  EXPECT_FALSE(world.status.is_finished());
  world.End(Worker(1), 0);
  world.Step();
  EXPECT_EQ(world.Last(), "Succeeded true JobSucceeded: Job team/mnist successfully completed.");
}

TEST(BatchJobTest, FailsInKubernetesWordsAtItsBackoffLimit) {
  TFJob job = BatchJob(2, 2);
  job.run_policy.backoff_limit = 0;
  World world = Running(job);
  world.End(Worker(1), 1);
  EXPECT_THAT(world.Step(), ElementsAre(Action{kHalt, Worker(0), 0}));
  EXPECT_EQ(world.Last(),
            "Failed true BackoffLimitExceeded: Job has reached the specified backoff limit");
}

TEST(BatchJobTest, ALoweredParallelismStopsTheLastOnes) {
  World world = Running(BatchJob(3, 3));
  world.job.parallelism = 1;
  EXPECT_THAT(world.Step(), ElementsAre(Action{kHalt, Worker(1), 0}, Action{kHalt, Worker(2), 0}));
  world.Obey();
  EXPECT_THAT(world.Step(), IsEmpty());
  EXPECT_EQ(world.status.total_restarts(), 0);
  world.End(Worker(0), 0);
  EXPECT_THAT(world.Step(), ElementsAre(Action{kGo, Worker(1), 1}));
}

TEST(BatchJobTest, NoCompletionsAreDoneAtOnce) {
  World world{.job = BatchJob(0, 1)};
  world.Step();
  EXPECT_TRUE(world.Is(ConditionType::kSucceeded));
}

TFJob OldJob(RestartPolicy policy) {
  TFJob job =
      Job({{ReplicaType::kMaster, 1}, {ReplicaType::kWorker, 2}, {ReplicaType::kPs, 1}}, policy);
  job.rules = JobRules::kV1Alpha1;
  job.run_policy.clean_pod_policy = CleanPodPolicy::kAll;
  return job;
}

TEST(V1Alpha1Test, TheChiefAloneDecides) {
  World world = Running(OldJob(RestartPolicy::kOnFailure));
  world.End(Worker(0), 0);
  world.End(Worker(1), 0);
  world.Step();
  EXPECT_FALSE(world.status.is_finished());
  world.End(kMaster, 0);
  world.Step();
  EXPECT_EQ(world.Last(),
            "Succeeded true TFJobSucceeded: TFJob team/mnist successfully completed.");
}

TEST(V1Alpha1Test, APermanentCodeOfTheChiefFailsTheJobUnderOnFailure) {
  World world = Running(OldJob(RestartPolicy::kOnFailure));
  world.End(kMaster, 1);
  world.Step();
  EXPECT_EQ(world.Last(),
            "Failed true TFJobFailed: TFJob team/mnist has failed because 1 Master replica(s) "
            "failed.");
}

TEST(V1Alpha1Test, ASignalRestartsTheChiefUnlessItWasOutOfMemory) {
  World world = Running(OldJob(RestartPolicy::kNever));
  world.End(kMaster, 143);
  world.Step();
  EXPECT_FALSE(world.status.is_finished());
  EXPECT_THAT(world.StepAt(*world.plan.wake_at), ElementsAre(Action{kGo, kMaster, 1}));
  world.End(kMaster, 137);
  world.replicas[kMaster].out_of_memory = true;
  world.Step();
  EXPECT_TRUE(world.Is(ConditionType::kFailed));
}

TEST(V1Alpha1Test, EverythingGoesAtTheEnd) {
  World world = Running(OldJob(RestartPolicy::kOnFailure));
  world.End(Worker(0), 0);
  world.End(kMaster, 1);
  EXPECT_THAT(world.Step(), ElementsAre(Action{kHalt, kPs, 0}, Action{kClear, kMaster, 0},
                                        Action{kClear, Worker(0), 0}, Action{kHalt, Worker(1), 0}));
}

TEST(ManagedByTest, NothingAtAllHappensToAnothersJob) {
  TFJob job = Job({{ReplicaType::kWorker, 1}});
  job.run_policy.managed_by = "kueue.x-k8s.io/multikueue";
  World world{.job = job};
  EXPECT_THAT(world.Step(), IsEmpty());
  EXPECT_EQ(world.status, JobStatus{});
  EXPECT_THAT(world.plan.events, IsEmpty());
  world.options.honours_managed_by = false;
  EXPECT_THAT(world.Step(), ElementsAre(Action{kGo, Worker(0), 0}));
}

}  // namespace
}  // namespace trainyard::job

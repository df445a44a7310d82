// What users of the TFJob controller of training-operator v1.9 complain about (P1 to P16), and
// defects found in its code (D1 to D12), as far as they concern the machine. Numbers and stories
// are listed in docs/contracts/tfjob.md, with those that only an operator can show.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "job/cleanup.h"
#include "job/testing/world.h"

namespace trainyard::job {
namespace {

using namespace testing;  // NOLINT: the vocabulary of these tests
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr RestartPolicy kPolicies[] = {RestartPolicy::kAlways, RestartPolicy::kOnFailure,
                                       RestartPolicy::kNever, RestartPolicy::kExitCode};

TEST(UpstreamDefects, P1_ADeletedPodDoesNotFailTheJob) {
  for (const RestartPolicy policy : kPolicies) {
    TFJob job = Job({{ReplicaType::kChief, 1}, {ReplicaType::kWorker, 1}}, policy);
    job.run_policy.backoff_limit = 5;
    World world = Running(job);
    world.replicas.erase(Worker(0));
    world.Step();
    EXPECT_FALSE(world.status.is_finished()) << spec::RestartPolicyName(policy);
    EXPECT_THAT(world.StepAt(*world.plan.wake_at), ElementsAre(Action{kGo, Worker(0), 1}));
  }
}

TEST(UpstreamDefects, P1_AnEvictedPodDoesNotFailTheJob) {
  for (const RestartPolicy policy : kPolicies) {
    World world = Running(Job({{ReplicaType::kChief, 1}, {ReplicaType::kPs, 1}}, policy));
    world.End(kPs, 137);
    world.replicas[kPs].disrupted = true;
    world.Step();
    EXPECT_TRUE(world.Is(ConditionType::kRestarting)) << spec::RestartPolicyName(policy);
  }
}

TEST(UpstreamDefects, P2_ACollectedPodOfAFinishedReplicaIsNotRunAgain) {
  World world = Running(Job({{ReplicaType::kChief, 1}, {ReplicaType::kWorker, 2}}));
  world.End(Worker(1), 0);
  world.Step();
  world.replicas.erase(Worker(1));
  EXPECT_THAT(world.Step(), IsEmpty());
  world.End(kChief, 0);
  world.Step();
  world.replicas.clear();
  EXPECT_THAT(world.Step(), IsEmpty());
  EXPECT_TRUE(world.Is(ConditionType::kSucceeded));
}

TEST(UpstreamDefects, P5_TheDeadlineEndsAQuietJob) {
  TFJob job = Job({{ReplicaType::kWorker, 1}});
  job.run_policy.active_deadline_seconds = 60;
  World world = Running(job);
  ASSERT_EQ(world.plan.wake_at, kStart + seconds(60));
  world.StepAt(*world.plan.wake_at);
  EXPECT_TRUE(world.Is(ConditionType::kFailed));
}

TEST(UpstreamDefects, P6_BackoffLimitCountsExitCodeRestarts) {
  TFJob job = Job({{ReplicaType::kWorker, 1}}, RestartPolicy::kExitCode);
  job.run_policy.backoff_limit = 2;
  World world = Running(job);
  for (int i = 0; i < 3; ++i) {
    ASSERT_FALSE(world.status.is_finished());
    world.End(Worker(0), 137);
    world.Step();
    if (world.plan.wake_at) world.StepAt(*world.plan.wake_at);
  }
  EXPECT_THAT(world.Last(), HasSubstr("backoff limit"));
}

TEST(UpstreamDefects, P6_BackoffLimitCountsEvictions) {
  TFJob job = Job({{ReplicaType::kChief, 1}, {ReplicaType::kWorker, 2}});
  job.run_policy.backoff_limit = 1;
  World world = Running(job);
  world.replicas.erase(Worker(0));
  world.Step();
  EXPECT_FALSE(world.status.is_finished());
  world.replicas.erase(Worker(1));
  world.Step();
  EXPECT_THAT(world.Last(), HasSubstr("backoff limit"));
}

TEST(UpstreamDefects, P7_TheTtlFiresByItselfOnTime) {
  TFJob job = Job({{ReplicaType::kWorker, 1}});
  job.run_policy.ttl_seconds_after_finished = 100;
  World world = Running(job);
  world.End(Worker(0), 0);
  world.Step();
  ASSERT_EQ(world.plan.wake_at, kStart + seconds(100));
  world.StepAt(kStart + seconds(99));
  EXPECT_FALSE(world.plan.is_expired);
  world.StepAt(kStart + seconds(100));
  EXPECT_TRUE(world.plan.is_expired);
}

TEST(UpstreamDefects, P8_NoServiceOutlivesItsPodsWork) {
  World world = Running(Job({{ReplicaType::kChief, 1}, {ReplicaType::kWorker, 1}}));
  const auto needs = [&](const ReplicaId& id) {
    const auto view = world.replicas.find(id);
    return NeedsService(world.job, world.status, id,
                        view == world.replicas.end() ? nullptr : &view->second);
  };
  EXPECT_TRUE(needs(kChief));
  world.End(kChief, 0);
  world.Step();
  EXPECT_FALSE(needs(kChief));
  EXPECT_TRUE(needs(Worker(0)));
  world.replicas.clear();
  EXPECT_FALSE(needs(Worker(0)));
}

TEST(UpstreamDefects, P8_UnderNoneServersAreStoppedAndFailedPodsKeepTheirLogs) {
  World world =
      Running(Job({{ReplicaType::kChief, 1}, {ReplicaType::kPs, 1}}, RestartPolicy::kNever));
  world.End(kChief, 1);
  EXPECT_THAT(world.Step(), ElementsAre(Action{kHalt, kPs, 0}));
  EXPECT_TRUE(StoppedPodsStay(world.job, world.status));
}

TEST(UpstreamDefects, P9_TheEvaluatorHasTimeForItsLastEvaluation) {
  TFJob job = Job({{ReplicaType::kChief, 1}, {ReplicaType::kEvaluator, 1}});
  job.run_policy.clean_pod_policy = CleanPodPolicy::kRunning;
  job.run_policy.ttl_seconds_after_finished = 0;
  World world = Running(job);
  world.End(kChief, 0);
  EXPECT_THAT(world.Step(), IsEmpty());
  EXPECT_THAT(world.StepAt(kStart + seconds(60)), IsEmpty());
  EXPECT_FALSE(world.plan.is_expired);
  world.End(kEvaluator, 0);
  world.Step();
  EXPECT_TRUE(world.plan.is_expired);
}

TEST(UpstreamDefects, P10_ElasticWorkersMayBeLostBesideAChief) {
  TFJob job = Job({{ReplicaType::kChief, 1}, {ReplicaType::kWorker, 2}}, RestartPolicy::kNever);
  job.enable_dynamic_worker = true;
  World world = Running(job);
  world.End(Worker(0), 1);
  world.End(Worker(1), 1);
  world.Step();
  EXPECT_FALSE(world.status.is_finished());
  world.End(kChief, 0);
  world.Step();
  EXPECT_TRUE(world.Is(ConditionType::kSucceeded));
}

TEST(UpstreamDefects, P11_AStuckReplicaIsExplainedAndBounded) {
  TFJob job = Job({{ReplicaType::kWorker, 1}});
  job.extensions.pending_timeout_seconds = 600;
  World world{.job = job, .after_start = Phase::kPending};
  world.Step();
  world.replicas[Worker(0)].waiting_for = "ImagePullBackOff: no such image \"tf:9\"";
  world.Step();
  EXPECT_THAT(world.Events(), IsEmpty());
  world.StepAt(*world.plan.wake_at);
  EXPECT_EQ(world.now, kStart + seconds(10));
  EXPECT_THAT(world.Events(),
              ElementsAre("W ImagePullBackOff: Error pod mnist-worker-0 container tensorflow "
                          "waiting message: no such image \"tf:9\""));
  world.Step();
  EXPECT_THAT(world.Events(), IsEmpty());
  ASSERT_EQ(world.plan.wake_at, kStart + seconds(600));
  world.StepAt(*world.plan.wake_at);
  EXPECT_EQ(world.Last(),
            "Failed true TFJobFailed: TFJob team/mnist has failed because replica worker-0 has not "
            "started to run within 600 seconds: ImagePullBackOff: no such image \"tf:9\"");
  EXPECT_THAT(world.plan.actions, ElementsAre(Action{kHalt, Worker(0), 0}));
}

TEST(UpstreamDefects, P13_AV1Alpha1JobLivesByItsOwnRules) {
  TFJob job = Job({{ReplicaType::kMaster, 1}, {ReplicaType::kWorker, 1}}, RestartPolicy::kNever);
  job.rules = JobRules::kV1Alpha1;
  World world = Running(job);
  world.End(Worker(0), 1);
  world.Step();
  EXPECT_FALSE(world.status.is_finished());
  EXPECT_THAT(world.StepAt(*world.plan.wake_at), ElementsAre(Action{kGo, Worker(0), 1}));
}

TEST(UpstreamDefects, P16_ParameterServersMayRunFirst) {
  TFJob job = Job({{ReplicaType::kPs, 2}, {ReplicaType::kWorker, 1}});
  job.extensions.startup_order = spec::StartupOrder::kInOrder;
  World world{.job = job, .after_start = Phase::kPending};
  const ReplicaId second{ReplicaType::kPs, 1};
  EXPECT_THAT(world.Step(), ElementsAre(Action{kGo, kPs, 0}, Action{kGo, second, 0}));
  world.replicas[kPs].phase = Phase::kRunning;
  EXPECT_THAT(world.Step(), IsEmpty());
  world.replicas[second].phase = Phase::kRunning;
  EXPECT_THAT(world.Step(), ElementsAre(Action{kGo, Worker(0), 0}));
}

TEST(UpstreamDefects, D1_NoReplicasMeansNoPodsAndNoSuccess) {
  World world = Running(Job({{ReplicaType::kWorker, 0}}));
  EXPECT_THAT(world.plan.actions, IsEmpty());
  EXPECT_THAT(world.Order(), ElementsAre("Created true"));
  world.job.replicas[ReplicaType::kWorker].replicas = 1;
  EXPECT_THAT(world.Step(), ElementsAre(Action{kGo, Worker(0), 0}));
}

TEST(UpstreamDefects, D1_NoWorkersBesideServersIsNoSuccess) {
  World world = Running(Job({{ReplicaType::kPs, 1}, {ReplicaType::kWorker, 0}}));
  world.End(kPs, 0);
  world.Step();
  EXPECT_THAT(world.Order(), ElementsAre("Created true"));
}

TEST(UpstreamDefects, D2_ScalingDownPastAGapCreatesNothing) {
  World world = Running(Job({{ReplicaType::kChief, 1}, {ReplicaType::kWorker, 4}}));
  world.replicas.erase(Worker(2));
  world.job.replicas[ReplicaType::kWorker].replicas = 1;
  EXPECT_THAT(world.Step(), ElementsAre(Action{kHalt, Worker(1), 0}, Action{kHalt, Worker(3), 0}));
  world.Obey();
  EXPECT_THAT(world.StepAt(kStart + seconds(100)), IsEmpty());
  EXPECT_EQ(world.status.total_restarts(), 0);
}

TEST(UpstreamDefects, D3_AFailureDuringARestartFailsTheJob) {
  TFJob job = Job({{ReplicaType::kChief, 1}, {ReplicaType::kWorker, 1}}, RestartPolicy::kNever);
  job.replicas[ReplicaType::kWorker].restart_policy = RestartPolicy::kExitCode;
  World world = Running(job);
  world.End(Worker(0), 137);
  world.Step();
  ASSERT_TRUE(world.Is(ConditionType::kRestarting));
  world.End(kChief, 1);
  world.Step();
  EXPECT_TRUE(world.Is(ConditionType::kFailed));
  EXPECT_FALSE(world.Is(ConditionType::kRestarting));
}

TEST(UpstreamDefects, D3_RestartingAlwaysEnds) {
  TFJob job = Job({{ReplicaType::kChief, 1}, {ReplicaType::kPs, 1}});
  World world{.job = job, .after_start = Phase::kPending};
  world.Step();
  world.End(kPs, 1);
  world.Step();
  ASSERT_TRUE(world.Is(ConditionType::kRestarting));
  world.StepAt(*world.plan.wake_at);
  world.Step();
  EXPECT_TRUE(world.Is(ConditionType::kRestarting)) << "the new instance does not run yet";
  world.replicas[kPs].phase = Phase::kRunning;
  world.Step();
  EXPECT_THAT(world.Order(), ElementsAre("Created true")) << "the chief does not run yet";
}

TEST(UpstreamDefects, D3_PlanningAgainMovesNoTimes) {
  World world = Running(Job({{ReplicaType::kChief, 1}, {ReplicaType::kWorker, 1}}));
  world.End(Worker(0), 1);
  world.Step();
  const JobStatus before = world.status;
  world.StepAt(kStart + milliseconds(300));
  EXPECT_EQ(world.status, before);
}

TEST(UpstreamDefects, D4_SucceededAndFailedExcludeEachOther) {
  World world =
      Running(Job({{ReplicaType::kChief, 1}, {ReplicaType::kWorker, 1}}, RestartPolicy::kNever));
  world.End(kChief, 0);
  world.End(Worker(0), 1);
  world.Step();
  EXPECT_TRUE(world.Is(ConditionType::kSucceeded));
  EXPECT_FALSE(world.Is(ConditionType::kFailed));
  EXPECT_THAT(world.Last(), StartsWith("Succeeded true"));
}

TEST(UpstreamDefects, D5_ADeadlineUnderNoneRemovesNoPod) {
  TFJob job = Job({{ReplicaType::kChief, 1}, {ReplicaType::kWorker, 2}});
  job.run_policy.active_deadline_seconds = 60;
  World world = Running(job);
  world.End(Worker(0), 0);
  world.Step();
  // Those at work are ended, for that is what a deadline is for; their pods stay, too.
  EXPECT_THAT(world.StepAt(kStart + seconds(60)),
              ElementsAre(Action{kHalt, kChief, 0}, Action{kHalt, Worker(1), 0}));
  EXPECT_TRUE(StoppedPodsStay(world.job, world.status));
}

TEST(UpstreamDefects, D5_FailedIsKeptBeforeTheJobIsDeleted) {
  TFJob job = Job({{ReplicaType::kWorker, 1}}, RestartPolicy::kNever);
  job.run_policy.ttl_seconds_after_finished = 0;
  World world = Running(job);
  world.End(Worker(0), 1);
  world.Step();
  EXPECT_TRUE(world.Is(ConditionType::kFailed));
  EXPECT_FALSE(world.plan.is_expired);
  ASSERT_EQ(world.plan.wake_at, kStart + seconds(1));
  world.StepAt(*world.plan.wake_at);
  EXPECT_TRUE(world.plan.is_expired);
}

TEST(UpstreamDefects, D6_ResumingDoesNotRepeatWhatHadSucceeded) {
  World world = Running(Job({{ReplicaType::kChief, 1}, {ReplicaType::kWorker, 2}}));
  world.End(Worker(0), 0);
  world.Step();
  world.job.run_policy.suspend = true;
  world.Step();
  world.Obey();
  world.Step();
  world.job.run_policy.suspend = false;
  EXPECT_THAT(world.Step(), ElementsAre(Action{kGo, kChief, 1}, Action{kGo, Worker(1), 1}));
}

TEST(UpstreamDefects, D7_SuspendedAndExitedWithCodeAreToldOnce) {
  World world = Running(Job({{ReplicaType::kChief, 1}, {ReplicaType::kWorker, 1}}));
  world.End(Worker(0), 0);
  world.Step();
  EXPECT_THAT(world.Events(),
              ElementsAre("N ExitedWithCode: Pod: team.mnist-worker-0 exited with code 0"));
  world.Step();
  EXPECT_THAT(world.Events(), IsEmpty());
  world.job.run_policy.suspend = true;
  world.Step();
  EXPECT_THAT(world.Events(), ElementsAre("N TFJobSuspended: TFJob mnist is suspended."));
  world.Step();
  EXPECT_THAT(world.Events(), IsEmpty());
}

TEST(UpstreamDefects, D10_AFinishedJobAsksForNothing) {
  World world = Running(Job({{ReplicaType::kWorker, 1}}));
  world.End(Worker(0), 0);
  world.Step();
  const JobStatus before = world.status;
  EXPECT_THAT(world.StepAt(kStart + std::chrono::hours(12)), IsEmpty());
  EXPECT_THAT(world.Events(), IsEmpty());
  EXPECT_EQ(world.status, before);
  EXPECT_TRUE(world.plan.done);
  EXPECT_FALSE(world.plan.wake_at.has_value());
}

TEST(UpstreamDefects, D11_ASidecarDoesNotKeepTheJobFromSucceedingAndIsStopped) {
  World world = Running(Job({{ReplicaType::kWorker, 1}}));
  world.End(Worker(0), 0);
  world.replicas[Worker(0)].lingers = true;
  world.Step();
  EXPECT_TRUE(world.Is(ConditionType::kSucceeded));
  EXPECT_FALSE(world.plan.done);
  EXPECT_THAT(world.StepAt(*world.plan.wake_at), ElementsAre(Action{kHalt, Worker(0), 0}));
}

}  // namespace
}  // namespace trainyard::job

#include "job/rules.h"

#include <gtest/gtest.h>

namespace trainyard::job {
namespace {

using spec::JobRules;
using spec::ReplicaType;
using spec::RestartPolicy;

struct Row {
  RestartPolicy policy;
  int exit_code;
  Verdict expected;
};

TEST(JudgeEndTest, FollowsTheRestartPolicy) {
  const Row rows[] = {
      {RestartPolicy::kNever, 0, Verdict::kFinished},
      {RestartPolicy::kNever, 1, Verdict::kFailed},
      {RestartPolicy::kNever, 137, Verdict::kFailed},
      {RestartPolicy::kOnFailure, 0, Verdict::kFinished},
      {RestartPolicy::kOnFailure, 1, Verdict::kRestart},
      {RestartPolicy::kOnFailure, 139, Verdict::kRestart},
      {RestartPolicy::kAlways, 0, Verdict::kRestart},
      {RestartPolicy::kAlways, 1, Verdict::kRestart},
      {RestartPolicy::kExitCode, 0, Verdict::kFinished},
      {RestartPolicy::kExitCode, 1, Verdict::kFailed},
      {RestartPolicy::kExitCode, 127, Verdict::kFailed},
      {RestartPolicy::kExitCode, 128, Verdict::kRestart},
      {RestartPolicy::kExitCode, 137, Verdict::kRestart},
      {RestartPolicy::kExitCode, 143, Verdict::kRestart},
  };
  for (const Row& row : rows) {
    ReplicaView view;
    view.phase = row.exit_code == 0 ? Phase::kSucceeded : Phase::kFailed;
    view.exit_code = row.exit_code;
    EXPECT_EQ(JudgeEnd(view, row.policy, false), row.expected)
        << spec::RestartPolicyName(row.policy) << " " << row.exit_code;
  }
}

TEST(JudgeEndTest, UnderAlwaysTheReplicaThatDecidesMayFinish) {
  ReplicaView view;
  view.phase = Phase::kSucceeded;
  EXPECT_EQ(JudgeEnd(view, RestartPolicy::kAlways, true), Verdict::kFinished);
}

TEST(JudgeEndTest, ADisruptionIsNoFailure) {
  ReplicaView view;
  view.phase = Phase::kFailed;
  view.exit_code = 1;
  view.disrupted = true;
  EXPECT_EQ(JudgeEnd(view, RestartPolicy::kNever, false), Verdict::kRestart);
  EXPECT_EQ(JudgeEnd(view, RestartPolicy::kExitCode, false), Verdict::kRestart);
}

ReplicaView Ended(int exit_code) {
  ReplicaView view;
  view.phase = exit_code == 0 ? Phase::kSucceeded : Phase::kFailed;
  view.exit_code = exit_code;
  return view;
}

TEST(JudgeEndTest, AFailureWithoutAKnownCodeIsNotPermanentUnderExitCode) {
  ReplicaView view;
  view.phase = Phase::kFailed;
  EXPECT_EQ(JudgeEnd(view, RestartPolicy::kExitCode, false), Verdict::kRestart);
  EXPECT_EQ(JudgeEnd(view, RestartPolicy::kNever, false), Verdict::kFailed);
}

TEST(JudgeEndTest, InV1Alpha1TheChiefsCodeDecidesWhateverThePolicy) {
  for (const RestartPolicy policy : {RestartPolicy::kAlways, RestartPolicy::kOnFailure,
                                     RestartPolicy::kNever, RestartPolicy::kExitCode}) {
    const auto judge = [&](const ReplicaView& view) {
      return JudgeEnd(view, policy, true, JobRules::kV1Alpha1);
    };
    EXPECT_EQ(judge(Ended(0)), Verdict::kFinished);
    EXPECT_EQ(judge(Ended(1)), Verdict::kFailed);
    EXPECT_EQ(judge(Ended(127)), Verdict::kFailed);
    EXPECT_EQ(judge(Ended(128)), Verdict::kRestart);
    EXPECT_EQ(judge(Ended(137)), Verdict::kRestart);
    ReplicaView killed = Ended(137);
    killed.out_of_memory = true;
    EXPECT_EQ(judge(killed), Verdict::kFailed);
  }
}

TEST(JudgeEndTest, InV1Alpha1OthersAreReplacedWheneverTheyFail) {
  for (const RestartPolicy policy : {RestartPolicy::kAlways, RestartPolicy::kNever}) {
    EXPECT_EQ(JudgeEnd(Ended(0), policy, false, JobRules::kV1Alpha1), Verdict::kFinished);
    EXPECT_EQ(JudgeEnd(Ended(1), policy, false, JobRules::kV1Alpha1), Verdict::kRestart);
  }
}

TEST(JudgeEndTest, InABatchJobEveryFailureIsTriedAgain) {
  EXPECT_EQ(JudgeEnd(Ended(0), RestartPolicy::kNever, true, JobRules::kBatchJob),
            Verdict::kFinished);
  EXPECT_EQ(JudgeEnd(Ended(1), RestartPolicy::kNever, true, JobRules::kBatchJob),
            Verdict::kRestart);
}

TEST(WhoDecidesTest, ChiefOrMasterElseTheWorkersElseAll) {
  spec::TFJob job;
  job.replicas[ReplicaType::kPs].replicas = 1;
  EXPECT_TRUE(WhoDecides(job).Include({ReplicaType::kPs, 0}));
  job.replicas[ReplicaType::kWorker].replicas = 2;
  EXPECT_FALSE(WhoDecides(job).Include({ReplicaType::kPs, 0}));
  EXPECT_TRUE(WhoDecides(job).Include({ReplicaType::kWorker, 1}));
  job.replicas[ReplicaType::kMaster].replicas = 1;
  EXPECT_EQ(WhoDecides(job).type, ReplicaType::kMaster);
}

TEST(WhoDecidesTest, InV1Alpha1TheFirstMasterOrWorker) {
  spec::TFJob job;
  job.rules = JobRules::kV1Alpha1;
  job.replicas[ReplicaType::kWorker].replicas = 2;
  EXPECT_TRUE(WhoDecides(job).Include({ReplicaType::kWorker, 0}));
  EXPECT_FALSE(WhoDecides(job).Include({ReplicaType::kWorker, 1}));
  job.replicas[ReplicaType::kMaster].replicas = 1;
  EXPECT_TRUE(WhoDecides(job).Include({ReplicaType::kMaster, 0}));
  EXPECT_FALSE(WhoDecides(job).Include({ReplicaType::kWorker, 0}));
}

TEST(PodRestartPolicyTest, LeavesTheLastWordToTheMachine) {
  spec::TFJob job;
  spec::ReplicaSpec& chief = job.replicas[ReplicaType::kChief];
  spec::ReplicaSpec& ps = job.replicas[ReplicaType::kPs];
  chief.restart_policy = ps.restart_policy = RestartPolicy::kAlways;
  EXPECT_EQ(PodRestartPolicy(job, ReplicaType::kPs), RestartPolicy::kAlways);
  EXPECT_EQ(PodRestartPolicy(job, ReplicaType::kChief), RestartPolicy::kOnFailure);
  ps.restart_policy = RestartPolicy::kExitCode;
  EXPECT_EQ(PodRestartPolicy(job, ReplicaType::kPs), RestartPolicy::kNever);
  job.rules = JobRules::kV1Alpha1;
  EXPECT_EQ(PodRestartPolicy(job, ReplicaType::kChief), RestartPolicy::kNever);
}

TEST(IsManagedElsewhereTest, OnlyByAnotherName) {
  spec::TFJob job;
  EXPECT_FALSE(IsManagedElsewhere(job));
  job.run_policy.managed_by = "kubeflow.org/training-operator";
  EXPECT_FALSE(IsManagedElsewhere(job));
  job.run_policy.managed_by = "kueue.x-k8s.io/multikueue";
  EXPECT_TRUE(IsManagedElsewhere(job));
}

}  // namespace
}  // namespace trainyard::job

#include "job/restart.h"

#include <gtest/gtest.h>

#include "job/rules.h"

namespace trainyard::job {
namespace {

using spec::RestartPolicy;
using std::chrono::milliseconds;

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

TEST(RestartDelayTest, DoublesUpToTheLongest) {
  const RestartDelays delays{.first = milliseconds(100), .longest = milliseconds(1000)};
  EXPECT_EQ(RestartDelay(1, delays), milliseconds(100));
  EXPECT_EQ(RestartDelay(2, delays), milliseconds(200));
  EXPECT_EQ(RestartDelay(4, delays), milliseconds(800));
  EXPECT_EQ(RestartDelay(5, delays), milliseconds(1000));
  EXPECT_EQ(RestartDelay(1'000'000, delays), milliseconds(1000));
}

}  // namespace
}  // namespace trainyard::job

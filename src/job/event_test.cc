// What is told of a job, once for each fact.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "job/testing/world.h"

namespace trainyard::job {
namespace {

using namespace testing;  // NOLINT: the vocabulary of these tests
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(EventTest, ARestartIsToldWithItsExitCode) {
  World world = Running(Job({{ReplicaType::kChief, 1}, {ReplicaType::kWorker, 1}}));
  world.End(Worker(0), 3);
  world.Step();
  EXPECT_THAT(world.Events(),
              ElementsAre("N ExitedWithCode: Pod: team.mnist-worker-0 exited with code 3",
                          "W TFJobRestarting: job mnist is restarting because Worker replica(s) "
                          "failed."));
  EXPECT_EQ(world.plan.events[0].replica, Worker(0));
  world.Step();
  EXPECT_THAT(world.Events(), IsEmpty());
}

TEST(EventTest, ARestartInPlaceIsToldByItsExitCode) {
  World world = Running(Job({{ReplicaType::kWorker, 1}}));
  world.replicas[Worker(0)].in_place_restarts = 1;
  world.replicas[Worker(0)].exit_code = 139;
  world.Step();
  EXPECT_THAT(world.Events(),
              ElementsAre("N ExitedWithCode: Pod: team.mnist-worker-0 exited with code 139"));
  world.Step();
  EXPECT_THAT(world.Events(), IsEmpty());
}

TEST(EventTest, TheEndIsToldWithTheTypeOfItsCause) {
  struct Row {
    RestartPolicy policy;
    int exit_code;
    char type;
    std::string reason;
  };
  const Row rows[] = {{RestartPolicy::kNever, 0, 'N', "TFJobSucceeded"},
                      {RestartPolicy::kNever, 1, 'N', "TFJobFailed"},
                      {RestartPolicy::kExitCode, 1, 'W', "TFJobFailed"}};
  for (const Row& row : rows) {
    World world = Running(Job({{ReplicaType::kWorker, 1}}, row.policy));
    world.End(Worker(0), row.exit_code);
    world.Step();
    ASSERT_EQ(world.Events().size(), 2u);
    EXPECT_EQ(world.Events()[1], fmt::format("{} {}: {}", row.type, row.reason,
                                             world.status.conditions.back().message));
  }
}

TEST(EventTest, LimitsAreToldAsNormal) {
  TFJob job = Job({{ReplicaType::kWorker, 1}});
  job.run_policy.active_deadline_seconds = 1;
  World world = Running(job);
  world.StepAt(kStart + seconds(1));
  EXPECT_THAT(world.Events(), ElementsAre("N TFJobFailed: Job mnist has failed because it was "
                                          "active longer than specified deadline"));
}

TEST(EventTest, ATemplatesOwnRestartPolicyIsToldOnce) {
  TFJob job = Job({{ReplicaType::kWorker, 1}, {ReplicaType::kPs, 1}});
  for (auto& [type, spec] : job.replicas) spec.pod.has_own_restart_policy = true;
  World world{.job = job};
  world.Step();
  EXPECT_THAT(world.Events(),
              ElementsAre("W SetPodTemplateRestartPolicy: Restart policy in pod template will be "
                          "overwritten by restart policy in replica spec"));
  world.Step();
  EXPECT_THAT(world.Events(), IsEmpty());
}

TEST(EventTest, APodThatCannotBeScheduledIsToldAsACondition) {
  World world{.job = Job({{ReplicaType::kWorker, 1}}), .after_start = Phase::kPending};
  world.Step();
  world.replicas[Worker(0)].waiting_for = "Unschedulable: 0/3 nodes are available";
  world.StepAt(kStart + seconds(20));
  EXPECT_THAT(world.Events(), ElementsAre("W Unschedulable: Error pod mnist-worker-0 condition "
                                          "message: 0/3 nodes are available"));
}

}  // namespace
}  // namespace trainyard::job

#include "cli/cluster/follow.h"

#include <gtest/gtest.h>

#include <thread>

#include "cli/testing/captured.h"
#include "cli/testing/cluster_world.h"

namespace trainyard::cli {
namespace {

using kube::Json;
using operators::testing::Ended;
using operators::testing::Pod;
using operators::testing::Running;
using testing::Captured;
using testing::ClusterWorld;
using testing::Waiting;

class FollowTest : public ::testing::Test {
 protected:
  int Logs(FollowOptions options = {}) {
    options.name_space = "team";
    options.job = "mnist";
    return FollowLogs(world_.cluster(), options);
  }

  ClusterWorld world_;
  Captured out_{STDOUT_FILENO};
  Captured errors_{STDERR_FILENO};
};

TEST_F(FollowTest, SaysWhatPodsWaitForUntilTheyRun) {
  world_.Add(Waiting(Pod("worker", 0), "ErrImagePull", "no such image"));
  int exit_code = -1;
  std::thread following([&] { exit_code = Logs({.follow = true, .reports_end = true}); });
  EXPECT_TRUE(errors_.WaitFor("mnist-worker-0: Pending, ErrImagePull: no such image\n"));
  world_.Set(Waiting(Pod("worker", 0), "ImagePullBackOff", "later"));
  EXPECT_TRUE(errors_.WaitFor("mnist-worker-0: Pending, ImagePullBackOff: later\n"));
  EXPECT_EQ(out_.text(), "");
  world_.api().SetLog("team", "mnist-worker-0", "2026-11-25T21:00:03Z hello\n");
  world_.Set(Ended(Pod("worker", 0), 0));
  EXPECT_TRUE(out_.WaitFor("hello\n"));
  world_.SetCondition("Succeeded");
  following.join();
  EXPECT_EQ(exit_code, 0);
  EXPECT_EQ(out_.text(), "[worker-0] hello\n");
  EXPECT_EQ(errors_.text(),
            "waiting for mnist-worker-0: Pending, ErrImagePull: no such image\n"
            "waiting for mnist-worker-0: Pending, ImagePullBackOff: later\n"
            "job mnist: Succeeded\n");
}

// After as many restarts of its container by the kubelet.
Json Restarted(Json pod, int times) {
  pod = Running(pod);
  pod["status"]["containerStatuses"][0]["restartCount"] = times;
  return pod;
}

TEST_F(FollowTest, ShowsThePreviousInstanceOfAContainerThatWasRestartedInItsPod) {
  world_.Add(Restarted(Pod("worker", 0), 1));
  world_.Add(Running(Pod("chief", 0)));
  world_.api().SetLog("team", "mnist-worker-0", "now\n");
  world_.api().SetLog("team", "mnist-worker-0", "before\n", /*is_previous=*/true);
  EXPECT_EQ(Logs({.previous = true}), 0);
  EXPECT_EQ(out_.text(), "[worker-0] before\n");
  EXPECT_EQ(errors_.text(), "");
}

TEST_F(FollowTest, SaysWhyAReplacedPodHasNoPreviousLog) {
  world_.Add(Running(Pod("worker", 0, /*instance=*/1)));
  EXPECT_EQ(Logs({.replica = job::ReplicaId{spec::ReplicaType::kWorker, 0}, .previous = true}), 1);
  EXPECT_EQ(out_.text(), "");
  EXPECT_EQ(errors_.text(),
            "trainyard logs: the earlier pod of worker-0 was replaced, and its log went with it\n");
}

TEST_F(FollowTest, ShowsWhatPreviousLogsThereAreAndSaysWhichAreNot) {
  world_.Add(Restarted(Pod("worker", 0), 1));
  world_.Add(Running(Pod("chief", 0, /*instance=*/2)));
  world_.Add(Running(Pod("ps", 0, /*instance=*/1)));
  world_.api().SetLog("team", "mnist-worker-0", "before\n", /*is_previous=*/true);
  EXPECT_EQ(Logs({.previous = true}), 0);
  EXPECT_EQ(out_.text(), "[worker-0] before\n");
  EXPECT_EQ(errors_.text(),
            "trainyard logs: the earlier pods of chief-0, ps-0 were replaced, and their logs went "
            "with them\n");
}

TEST_F(FollowTest, SaysThatNothingWasRestarted) {
  EXPECT_EQ(Logs({.previous = true}), 1);
  EXPECT_EQ(errors_.text(), "trainyard logs: job mnist has no pods\n");
  EXPECT_EQ(Logs({.replica = job::ReplicaId{spec::ReplicaType::kWorker, 0}, .previous = true}), 1);
  world_.Add(Running(Pod("worker", 0)));
  EXPECT_EQ(Logs({.previous = true}), 1);
  EXPECT_EQ(Logs({.replica = job::ReplicaId{spec::ReplicaType::kWorker, 0}, .previous = true}), 1);
  EXPECT_EQ(errors_.text(),
            "trainyard logs: job mnist has no pods\n"
            "trainyard logs: worker-0 has no pod\n"
            "trainyard logs: no pod of job mnist has been restarted\n"
            "trainyard logs: worker-0 has not been restarted\n");
}

TEST_F(FollowTest, APreviousLogThatCannotBeReadIsAFailure) {
  world_.Add(Restarted(Pod("worker", 0), 1));
  EXPECT_EQ(Logs({.previous = true}), 1);
  EXPECT_NE(errors_.text().find("previous terminated container \"tensorflow\""), std::string::npos)
      << errors_.text();
}

}  // namespace
}  // namespace trainyard::cli

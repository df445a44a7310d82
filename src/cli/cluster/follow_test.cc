#include "cli/cluster/follow.h"

#include <gtest/gtest.h>

#include <thread>

#include "cli/testing/captured.h"
#include "cli/testing/cluster_world.h"

namespace trainyard::cli {
namespace {

using operators::testing::Ended;
using operators::testing::Pod;
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

}  // namespace
}  // namespace trainyard::cli

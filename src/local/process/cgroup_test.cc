#include "local/process/cgroup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "base/files.h"
#include "local/process/spawn.h"

namespace trainyard::local {
namespace {

using testing::ElementsAre;

TEST(CgroupTreesTest, OfVersionTwoAreOneTree) {
  EXPECT_THAT(
      LocateCgroupTrees("24 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
                        "30 24 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n",
                        "0::/user.slice/session-1.scope\n"),
      ElementsAre(
          CgroupTree{.directory = "/sys/fs/cgroup/user.slice/session-1.scope", .is_v2 = true}));
}

TEST(CgroupTreesTest, OfVersionOneAreOnePerController) {
  EXPECT_THAT(
      LocateCgroupTrees(
          "31 30 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
          "32 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
          "33 30 0:29 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n",
          "5:memory:/jobs/a\n4:cpu,cpuacct:/\n3:pids:/\n"),
      ElementsAre(CgroupTree{.directory = "/sys/fs/cgroup/memory/jobs/a", .has_memory = true},
                  CgroupTree{.directory = "/sys/fs/cgroup/cpu,cpuacct", .has_cpu = true}));
}

TEST(CgroupTreesTest, InAContainerTheMountShowsItsOwnGroupAsRoot) {
  EXPECT_THAT(
      LocateCgroupTrees("31 30 0:27 /docker/ab /sys/fs/c\\040g rw - cgroup cgroup rw,memory\n",
                        "5:memory:/docker/ab\n"),
      ElementsAre(CgroupTree{.directory = "/sys/fs/c g", .has_memory = true}));
  EXPECT_THAT(LocateCgroupTrees("broken\n - \n1 2 3 - cgroup\n", ":\n"), ElementsAre());
}

// Where the tests may not make groups there is nothing to test.
class CgroupTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!trees_.why_no_memory.empty()) GTEST_SKIP() << trees_.why_no_memory;
  }

  // Exit status, as of waitpid, of a shell in the group.
  int Run(const Cgroup& group, const std::string& script) {
    const auto pid = Spawn({.program = "/bin/sh",
                            .argv = {"sh", "-c", script},
                            .env = {"PATH=/usr/bin:/bin"},
                            .directory = "/",
                            .output = STDERR_FILENO,
                            .groups = group.EntryFiles()});
    EXPECT_TRUE(pid.ok()) << pid.status();
    int status = -1;
    waitpid(*pid, &status, 0);
    return status;
  }
  std::string Name(const std::string& name) {
    return fmt::format("trainyard-test-{}-{}", getpid(), name);
  }
  bool IsThere(const std::string& name) {
    return std::any_of(trees_.usable.begin(), trees_.usable.end(), [&](const CgroupTree& tree) {
      return PathExists(JoinPath(tree.directory, Name(name)));
    });
  }

  const CgroupTrees trees_ = FindCgroupTrees();
};

TEST_F(CgroupTest, WhoNeedsMoreMemoryThanTheLimitIsKilled) {
  {
    const auto group = Cgroup::Create(trees_, Name("memory"), {.memory_bytes = 32 << 20});
    ASSERT_TRUE(group.ok()) << group.status();
    EXPECT_EQ(Run(**group, "exit 3"), 3 << 8);
    EXPECT_FALSE((*group)->HasRunOutOfMemory());
    // tail keeps a line that never ends.
    EXPECT_NE(Run(**group, "exec tail -n 1 /dev/zero"), 0);
    EXPECT_TRUE((*group)->HasRunOutOfMemory());
    EXPECT_TRUE(IsThere("memory"));
  }
  EXPECT_FALSE(IsThere("memory"));
}

TEST_F(CgroupTest, WhatIsLeftInAGroupEndsWithIt) {
  auto group = Cgroup::Create(trees_, Name("left"), {.memory_bytes = 64 << 20});
  ASSERT_TRUE(group.ok()) << group.status();
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const auto pid = Spawn({.program = "/bin/sh",
                          .argv = {"sh", "-c", "env -i setsid sleep 1000 & echo; exit 0"},
                          .env = {"PATH=/usr/bin:/bin"},
                          .directory = "/",
                          .output = ends[1],
                          .groups = (*group)->EntryFiles()});
  ASSERT_TRUE(pid.ok()) << pid.status();
  close(ends[1]);
  waitpid(*pid, nullptr, 0);
  EXPECT_TRUE(IsThere("left"));
  group->reset();
  EXPECT_FALSE(IsThere("left"));
  // The sleeper held the pipe open: its end shows that it is gone.
  char bytes[8];
  ssize_t count = 0;
  while ((count = read(ends[0], bytes, sizeof(bytes))) > 0) {
  }
  EXPECT_EQ(count, 0);
  close(ends[0]);
}

TEST_F(CgroupTest, SweepingRemovesWhatAKilledGuardianLeft) {
  auto group = Cgroup::Create(trees_, Name("swept"), {.memory_bytes = 64 << 20});
  ASSERT_TRUE(group.ok()) << group.status();
  SweepCgroups(trees_, Name("other"));
  EXPECT_TRUE(IsThere("swept"));
  SweepCgroups(trees_, Name("swept"));
  EXPECT_FALSE(IsThere("swept"));
}

}  // namespace
}  // namespace trainyard::local

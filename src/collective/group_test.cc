#include "collective/group.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <thread>

#include "base/testing/free_port.h"

namespace trainyard::collective {
namespace {

using std::chrono::milliseconds;
using ::testing::Each;
using ::testing::HasSubstr;

class GroupTest : public ::testing::Test {
 protected:
  GroupOptions Of(int rank, int size) {
    GroupOptions options{.name = "g", .rank = rank, .addresses = {address_}};
    options.addresses.resize(static_cast<size_t>(size), "127.0.0.1:1");
    options.join_timeout = options.timeout = milliseconds(60'000);
    return options;
  }

  // Each member in a thread of its own.
  void Run(int size, const std::function<void(Group&)>& member) {
    std::vector<std::jthread> members;
    for (int rank = 0; rank < size; ++rank) {
      members.emplace_back([&, rank] {
        auto group = Group::Join(Of(rank, size));
        ASSERT_TRUE(group.ok()) << group.status();
        member(**group);
      });
    }
  }

  const std::string address_ = FreeAddress();
};

TEST_F(GroupTest, MeansAreTheSameForAll) {
  for (const int size : {1, 2, 3}) {
    Run(size, [&](Group& group) {
      EXPECT_EQ(group.size(), size);
      for (const size_t count : {size_t{0}, size_t{1}, size_t{7}, size_t{100'000}}) {
        std::vector<float> values(count, static_cast<float>(group.rank()));
        ASSERT_TRUE(group.AllReduceMean(values).ok());
        EXPECT_THAT(values, Each(static_cast<float>(size - 1) / 2));
      }
    });
  }
}

TEST_F(GroupTest, TheRootsBytesAreSentToAll) {
  Run(3, [](Group& group) {
    std::string bytes = fmt::format("from member {}", group.rank());
    ASSERT_TRUE(group.Broadcast(bytes, 1).ok());
    EXPECT_EQ(bytes, "from member 1");
    EXPECT_TRUE(group.Barrier().ok());
  });
}

TEST_F(GroupTest, AKilledMemberIsNoticedAndItsSuccessorJoins) {
  const pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    auto group = Group::Join(Of(1, 2));
    std::vector<float> values(8, 1.0f);
    if (group.ok()) (void)(*group)->AllReduceMean(values);
    pause();
    _exit(0);
  }
  ASSERT_GT(child, 1);
  // Who writes before it has noticed is ended by the signal otherwise, as a replica is, and
  // restarted.
  signal(SIGPIPE, SIG_IGN);
  GroupOptions options = Of(0, 2);
  options.timeout = std::chrono::hours(1);  // which nobody waits for
  auto group = Group::Join(options);
  ASSERT_TRUE(group.ok()) << group.status();
  std::vector<float> values(8, 3.0f);
  ASSERT_TRUE((*group)->AllReduceMean(values).ok());
  EXPECT_THAT(values, Each(2.0f));

  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  Status status = (*group)->AllReduceMean(values);
  EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status;
  EXPECT_EQ((*group)->Barrier(), status);  // it stays so
  group->reset();
  Run(2, [](Group& again) { EXPECT_TRUE(again.Barrier().ok()); });
}

TEST_F(GroupTest, AnExchangeIsInterruptedFromAnotherThread) {
  Run(2, [](Group& group) {
    std::vector<float> values(100'000, 1.0f);
    ASSERT_TRUE(group.AllReduceMean(values).ok());
    if (group.rank() == 1) {
      // Comes to the next exchange only when its connections are gone, and finds so.
      Status status;
      while (status.ok()) status = group.Barrier();
      EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status;
      return;
    }
    ASSERT_TRUE(group.Barrier().ok());
    std::jthread interrupts([&] { group.Interrupt(); });
    Status status;
    while (status.ok()) status = group.Barrier();
    EXPECT_EQ(status.code(), StatusCode::kCancelled) << status;
    EXPECT_EQ(group.AllReduceMean(values), status);
  });
}

TEST_F(GroupTest, AFrozenMemberDoesNotKeepAnInterruptedOne) {
  const pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    auto group = Group::Join(Of(1, 2));
    raise(SIGSTOP);
    _exit(0);
  }
  ASSERT_GT(child, 1);
  GroupOptions options = Of(0, 2);
  options.timeout = std::chrono::hours(1);
  auto group = Group::Join(options);
  ASSERT_TRUE(group.ok()) << group.status();
  int state = 0;
  waitpid(child, &state, WUNTRACED);
  EXPECT_TRUE(WIFSTOPPED(state));
  std::jthread interrupts([&] { (*group)->Interrupt(); });
  std::vector<float> values(1'000'000, 1.0f);
  EXPECT_EQ((*group)->AllReduceMean(values).code(), StatusCode::kCancelled);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}

TEST_F(GroupTest, OptionsThatMakeNoGroupAreRefused) {
  EXPECT_EQ(Group::Join(Of(2, 2)).status().code(), StatusCode::kInvalidArgument);
  GroupOptions options = Of(0, 2);
  options.addresses[1] = "nowhere";
  EXPECT_THAT(Group::Join(options).status().message(), HasSubstr("nowhere is no address"));
}

}  // namespace
}  // namespace trainyard::collective

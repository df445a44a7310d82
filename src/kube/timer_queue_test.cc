#include "kube/timer_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <mutex>
#include <vector>

namespace trainyard::kube {
namespace {

using std::chrono::milliseconds;
constexpr std::chrono::seconds kLimit{20};

TEST(TimerQueueTest, CallsInTheOrderOfTime) {
  auto timers = TimerQueue::Start();
  std::mutex mutex;
  std::vector<int> order;
  std::promise<void> done;
  const auto note = [&](int number) {
    return [&, number] {
      const std::lock_guard lock(mutex);
      order.push_back(number);
      if (order.size() == 4) done.set_value();
    };
  };
  timers->After(milliseconds(40), note(3));
  timers->After(milliseconds(20), note(2));
  timers->After(milliseconds(0), note(0));
  timers->After(milliseconds(0), note(1));
  ASSERT_EQ(done.get_future().wait_for(kLimit), std::future_status::ready);
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3}));
}

TEST(TimerQueueTest, WhatIsCancelledIsNotCalled) {
  auto timers = TimerQueue::Start();
  std::atomic<int> calls{0};
  const auto id = timers->After(milliseconds(30), [&] { ++calls; });
  timers->Cancel(id);
  std::promise<void> later;
  timers->After(milliseconds(40), [&] { later.set_value(); });
  ASSERT_EQ(later.get_future().wait_for(kLimit), std::future_status::ready);
  EXPECT_EQ(calls, 0);
  timers->Cancel(id);  // again, and one that never was
  timers->Cancel(12345);
  timers->Cancel(0);
}

TEST(TimerQueueTest, CancelWaitsForTheFunctionThatRuns) {
  auto timers = TimerQueue::Start();
  std::promise<void> started;
  std::promise<void> may_end;
  std::atomic<bool> has_ended{false};
  const auto id = timers->After(milliseconds(0), [&] {
    started.set_value();
    may_end.get_future().wait();
    has_ended = true;
  });
  started.get_future().wait();
  auto cancelled = std::async(std::launch::async, [&] {
    timers->Cancel(id);
    return has_ended.load();
  });
  may_end.set_value();
  EXPECT_TRUE(cancelled.get());
}

TEST(TimerQueueTest, AFunctionMayCancelItselfAndOthers) {
  auto timers = TimerQueue::Start();
  std::promise<void> done;
  std::promise<TimerQueue::Id> own;
  const auto other = timers->After(std::chrono::hours(1), [] {});
  own.set_value(timers->After(milliseconds(0), [&] {
    timers->Cancel(own.get_future().get());
    timers->Cancel(other);
    done.set_value();
  }));
  EXPECT_EQ(done.get_future().wait_for(kLimit), std::future_status::ready);
}

TEST(TimerQueueTest, TheDestructorDropsWhatWaits) {
  std::atomic<int> calls{0};
  TimerQueue::Start()->After(std::chrono::hours(1), [&] { ++calls; });
  EXPECT_EQ(calls, 0);
}

}  // namespace
}  // namespace trainyard::kube

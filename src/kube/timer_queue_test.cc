#include "kube/timer_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <vector>

#include "base/testing/pace.h"

namespace trainyard::kube {
namespace {

using std::chrono::milliseconds;
constexpr std::chrono::seconds kLimit{60};

TEST(TimerQueueTest, CallsInTheOrderOfTime) {
  EXPECT_TRUE(HoldsAtSomePace([](milliseconds pace) {
    std::vector<int> order;
    std::promise<void> done;
    auto timers = TimerQueue::Start();
    const auto note = [&](int number) {
      return [&, number] {
        order.push_back(number);
        if (order.size() == 4) done.set_value();
      };
    };
    timers->After(2 * pace, note(3));
    timers->After(pace, note(2));
    timers->After(milliseconds(0), note(0));
    timers->After(milliseconds(0), note(1));
    EXPECT_EQ(done.get_future().wait_for(kLimit), std::future_status::ready);
    return order == std::vector<int>{0, 1, 2, 3};
  }));
}

TEST(TimerQueueTest, WhatIsCancelledIsNotCalled) {
  std::atomic<int> calls{0};
  std::promise<void> later;
  std::promise<void> is_cancelled;
  auto timers = TimerQueue::Start();
  // Nothing else is called while this is.
  timers->After(milliseconds(0), [&] { is_cancelled.get_future().wait(); });
  const auto id = timers->After(milliseconds(1), [&] { ++calls; });
  timers->Cancel(id);
  timers->After(milliseconds(2), [&] { later.set_value(); });
  is_cancelled.set_value();
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

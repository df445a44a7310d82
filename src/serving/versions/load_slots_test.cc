#include "serving/versions/load_slots.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>

namespace trainyard::serving {
namespace {

TEST(LoadSlotsTest, LetsOneWaitForAnother) {
  LoadSlots slots(1);
  std::promise<void> second_has_it;
  std::atomic<bool> first_is_done = false;
  std::jthread second;
  {
    const LoadSlots::Slot first = slots.Acquire({});
    ASSERT_TRUE(first);
    second = std::jthread([&](const std::stop_token& stop) {
      const LoadSlots::Slot slot = slots.Acquire(stop);
      EXPECT_TRUE(slot);
      EXPECT_TRUE(first_is_done);
      second_has_it.set_value();
    });
    first_is_done = true;
  }
  EXPECT_EQ(second_has_it.get_future().wait_for(std::chrono::seconds(30)),
            std::future_status::ready);
}

TEST(LoadSlotsTest, AWaitCanBeStopped) {
  LoadSlots slots(1);
  const LoadSlots::Slot first = slots.Acquire({});
  std::jthread second([&](const std::stop_token& stop) { EXPECT_FALSE(slots.Acquire(stop)); });
  second.request_stop();
}

}  // namespace
}  // namespace trainyard::serving

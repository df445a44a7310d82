#include "train/strategies/interrupter.h"

#include <gtest/gtest.h>

#include <atomic>

namespace trainyard::train {
namespace {

using std::chrono::milliseconds;

// Its barrier lasts until it is interrupted.
class EndlessGroup : public collective::Group {
 public:
  int rank() const override { return 0; }
  int size() const override { return 2; }
  Status AllReduceMean(std::span<float> /*values*/) override { return OkStatus(); }
  Status Broadcast(std::span<char> /*bytes*/, int /*root*/) override { return OkStatus(); }
  Status Barrier() override {
    interrupted_.wait(false);
    return CancelledError("interrupted");
  }
  void Interrupt() override {
    interrupted_ = true;
    interrupted_.notify_all();
  }
  bool interrupted() const { return interrupted_; }

 private:
  std::atomic<bool> interrupted_{false};
};

TEST(InterrupterTest, EndsTheExchangeInProgressWhenAskedToStop) {
  std::atomic<bool> stop{false};
  EndlessGroup group;
  Interrupter interrupter([&] { return stop.load(); }, milliseconds(0));
  std::jthread asks([&] { stop = true; });
  const auto guard = interrupter.Guard(&group);
  EXPECT_EQ(group.Barrier().code(), StatusCode::kCancelled);
}

TEST(InterrupterTest, EndsAnExchangeThatBeginsLater) {
  EndlessGroup group;
  Interrupter interrupter([] { return true; }, milliseconds(0));
  {
    const auto guard = interrupter.Guard(&group);
  }
  const auto guard = interrupter.Guard(&group);
  EXPECT_EQ(group.Barrier().code(), StatusCode::kCancelled);
}

TEST(InterrupterTest, LeavesAloneWhoIsNotAskedOrNotGuarded) {
  EndlessGroup guarded;
  EndlessGroup other;
  std::atomic<int> asked{0};
  {
    Interrupter never([&] { return ++asked == 0; }, milliseconds(0));
    const auto guard = never.Guard(&guarded);
    while (asked < 2) std::this_thread::yield();
  }
  {
    asked = 0;
    Interrupter always([&] { return ++asked > 0; }, milliseconds(0));
    {
      const auto guard = always.Guard(&other);
    }
    const bool before = other.interrupted();
    asked = 0;
    while (asked < 2) std::this_thread::yield();
    EXPECT_EQ(other.interrupted(), before);
  }
  EXPECT_FALSE(guarded.interrupted());
}

}  // namespace
}  // namespace trainyard::train

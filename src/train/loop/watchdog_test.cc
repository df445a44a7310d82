#include "train/loop/watchdog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

#include "train/loop/stop_signal.h"
#include "train/run_config.h"

namespace trainyard::train {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

// A process of its own, whose thread waits for what never comes.
class WatchdogDeathTest : public ::testing::Test {
 protected:
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }

  [[noreturn]] static void WaitForEver(Watchdog& watchdog, milliseconds limit) {
    const auto guard = watchdog.Guard(limit, "a training step");
    while (true) ::pause();
  }
  static void AskToStop() {
    CatchStopSignals();
    std::raise(SIGTERM);
  }
};

TEST_F(WatchdogDeathTest, EndsAProcessThatWaitsTooLong) {
  EXPECT_EXIT(
      {
        Watchdog watchdog;
        WaitForEver(watchdog, milliseconds(1));
      },
      ::testing::ExitedWithCode(kExitLostPeer), "a training step has not ended within 0.001 s");
}

TEST_F(WatchdogDeathTest, EndsAProcessThatWasAskedToStopAndStillWaits) {
  EXPECT_EXIT(
      {
        AskToStop();
        Watchdog watchdog(milliseconds(1));
        WaitForEver(watchdog, hours(1));
      },
      ::testing::ExitedWithCode(kExitTerminated), "the last checkpoint stands");
}

TEST_F(WatchdogDeathTest, WhoWaitsForNobodyIsLeftTheTimeItNeedsToStop) {
  EXPECT_EXIT(
      {
        AskToStop();
        Watchdog watchdog;
        WaitForEver(watchdog, milliseconds(1));
      },
      ::testing::ExitedWithCode(kExitLostPeer), "has not ended within 0.001 s");
}

TEST(WatchdogTest, WhatEndsInTimeIsLeftAlone) {
  Watchdog watchdog(milliseconds(1));
  {
    const auto guard = watchdog.Guard(hours(1), "a step");
  }
  const auto guard = watchdog.Guard(hours(1), "the next step");
}

}  // namespace
}  // namespace trainyard::train

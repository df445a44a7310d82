#include "job/restart.h"

#include <gtest/gtest.h>

namespace trainyard::job {
namespace {

using std::chrono::milliseconds;

TEST(RestartDelayTest, DoublesUpToTheLongest) {
  const RestartDelays delays{.first = milliseconds(100), .longest = milliseconds(1000)};
  EXPECT_EQ(RestartDelay(1, delays), milliseconds(100));
  EXPECT_EQ(RestartDelay(2, delays), milliseconds(200));
  EXPECT_EQ(RestartDelay(4, delays), milliseconds(800));
  EXPECT_EQ(RestartDelay(5, delays), milliseconds(1000));
  EXPECT_EQ(RestartDelay(1'000'000, delays), milliseconds(1000));
}

TEST(SetAsideTest, TheNextInstanceHasANumberThatNothingSeenHas) {
  ReplicaRecord record{.state = ReplicaState::kStarted, .instance = 2, .restarts = 2};
  SetAside(nullptr, &record);
  EXPECT_EQ(record.instance, 3);
  EXPECT_EQ(record.state, ReplicaState::kNotStarted);
  EXPECT_EQ(record.restarts, 2);
  const ReplicaView stray{.instance = 5};
  SetAside(&stray, &record);
  EXPECT_EQ(record.instance, 6);
  SetAside(nullptr, &record);
  EXPECT_EQ(record.instance, 6);
}

TEST(SetAsideTest, WhatIsOverStaysSo) {
  ReplicaRecord record{.state = ReplicaState::kSucceeded, .instance = 1};
  SetAside(nullptr, &record);
  EXPECT_EQ(record.state, ReplicaState::kSucceeded);
  EXPECT_EQ(record.instance, 1);
}

}  // namespace
}  // namespace trainyard::job

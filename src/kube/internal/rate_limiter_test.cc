#include "kube/internal/rate_limiter.h"

#include <gtest/gtest.h>

namespace trainyard::kube {
namespace {

using std::chrono::milliseconds;

TEST(RateLimiterTest, WithoutALimitNobodyWaits) {
  RateLimiter limiter(0, 1);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(limiter.Reserve(5, {}), milliseconds(0));
}

TEST(RateLimiterTest, ABurstIsFreeAndThenEachWaitsForItsToken) {
  RateLimiter limiter(10, 3);
  RateLimiter::TimePoint now{std::chrono::hours(1)};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limiter.Reserve(1, now), milliseconds(0));
  EXPECT_EQ(limiter.Reserve(1, now), milliseconds(100));
  EXPECT_EQ(limiter.Reserve(1, now), milliseconds(200));
  now += milliseconds(200);
  EXPECT_EQ(limiter.Reserve(1, now), milliseconds(100));
  now += std::chrono::hours(1);
  EXPECT_EQ(limiter.Reserve(3, now), milliseconds(0));
  EXPECT_EQ(limiter.Reserve(2, now), milliseconds(200));
}

}  // namespace
}  // namespace trainyard::kube

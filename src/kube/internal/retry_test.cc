#include "kube/internal/retry.h"

#include <gtest/gtest.h>

namespace trainyard::kube {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

net::HttpResponse Answer(int status, const std::string& retry_after = {}) {
  net::HttpResponse response{.status = status};
  if (!retry_after.empty()) response.headers.emplace_back("retry-after", retry_after);
  return response;
}

bool IsRetried(std::string_view method, const Result<net::HttpResponse>& answer) {
  return NextRetry(method, answer, 0, 0.5).has_value();
}

TEST(RetryTest, OnlyWhatMayBeRepeatedIs) {
  const Status refused = UnavailableError("GET https://h: Failed to connect to h port 1");
  const Status lost = UnavailableError("POST https://h: Recv failure: Connection reset by peer");
  const struct {
    Result<net::HttpResponse> answer;
    bool get, post;
  } cases[] = {
      {Answer(200), false, false},
      {Answer(404), false, false},
      {Answer(409), false, false},
      {Answer(401), false, false},
      {Answer(404, "1"), false, false},
      {Answer(429), true, true},
      {Answer(429, "1"), true, true},
      {Answer(503), true, false},
      {Answer(503, "1"), true, true},
      {Answer(500), true, false},
      {refused, true, true},
      {lost, true, false},
      {Status(DeadlineExceededError("late")), false, false},
      {Status(InvalidArgumentError("URL")), false, false},
  };
  for (const auto& c : cases) {
    const std::string what =
        c.answer.ok() ? std::to_string(c.answer->status) : c.answer.error().ToString();
    EXPECT_EQ(IsRetried("GET", c.answer), c.get) << what;
    for (const char* method : {"POST", "PUT", "PATCH", "DELETE"}) {
      EXPECT_EQ(IsRetried(method, c.answer), c.post) << method << ' ' << what;
    }
  }
}

TEST(RetryTest, WaitsLongerEachTimeAndGivesUpAfterTen) {
  milliseconds before(0);
  for (int retries = 0; retries < kMaxRetries; ++retries) {
    const auto delay = NextRetry("GET", Answer(500), retries, 0.999);
    ASSERT_TRUE(delay);
    EXPECT_GE(*delay, before);
    EXPECT_LE(*delay, seconds(5));
    EXPECT_GE(*NextRetry("GET", Answer(500), retries, 0), *delay / 2);
    before = *delay;
  }
  EXPECT_FALSE(NextRetry("GET", Answer(500), kMaxRetries, 0));
}

TEST(RetryTest, ObeysRetryAfter) {
  EXPECT_EQ(NextRetry("POST", Answer(429, "3"), 0, 0), seconds(3));
  EXPECT_EQ(NextRetry("POST", Answer(429, "3"), 0, 0.5), milliseconds(3100));
  EXPECT_EQ(NextRetry("POST", Answer(429, "99999999999"), 0, 0), seconds(60));
  EXPECT_LT(*NextRetry("POST", Answer(429, "soon"), 0, 0), seconds(1));
  EXPECT_LT(*NextRetry("POST", Answer(429, "-5"), 0, 0), seconds(1));
}

}  // namespace
}  // namespace trainyard::kube

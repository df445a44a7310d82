#include "serving/frontends/rest/rest_request.h"

#include <gtest/gtest.h>

#include <thread>

namespace trainyard::serving {
namespace {

using std::chrono::milliseconds, std::chrono::steady_clock;

TEST(RestRequestTest, ASuccessAfterTheDeadlineIsNone) {
  InFlight requests(1);
  const ServiceContext service{.requests = &requests};
  const RestRoute route{.call = RestCall::kPredict, .model = "m"};
  const net::HttpQuestion question;
  RestRequest request(service, route, question, milliseconds(1), /*is_stopping=*/false);
  EXPECT_TRUE(request.CheckTime().ok());  // nothing has been run
  const RunLimits::TimePoint deadline = request.limits().deadline.value();
  while (steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_EQ(request.CheckTime(), DeadlineExceededError("Timed out waiting for notification"));
}

TEST(RestRequestTest, TheSoonerOfTwoDeadlinesCounts) {
  InFlight requests(1);
  ServiceContext service{.requests = &requests};
  service.max_time = milliseconds(1'000);
  const RestRoute route{.call = RestCall::kPredict, .model = "m"};
  const net::HttpQuestion question;
  const auto longest = [&](milliseconds timeout) {
    const auto start = steady_clock::now();
    RestRequest request(service, route, question, timeout, /*is_stopping=*/false);
    return request.limits().deadline.value() - start;
  };
  EXPECT_GE(longest(milliseconds(0)), milliseconds(1'000));
  EXPECT_GE(longest(std::chrono::hours(1)), milliseconds(1'000));
  EXPECT_LT(longest(std::chrono::hours(1)), std::chrono::minutes(30));
}

}  // namespace
}  // namespace trainyard::serving

#include "serving/in_flight.h"

#include <gtest/gtest.h>

#include <future>
#include <optional>
#include <thread>

namespace trainyard::serving {
namespace {

TEST(InFlightTest, LetsNobodyInOnceClosed) {
  InFlight requests;
  EXPECT_TRUE(InFlight::Pass(&requests));
  EXPECT_TRUE(requests.CloseAndWait(std::chrono::milliseconds(0)));
  EXPECT_FALSE(InFlight::Pass(&requests));
}

TEST(InFlightTest, WaitsForTheLastOneInside) {
  InFlight requests;
  std::optional<InFlight::Pass> pass(std::in_place, &requests);
  EXPECT_FALSE(requests.CloseAndWait(std::chrono::milliseconds(1)));
  auto closed = std::async(std::launch::async,
                           [&] { return requests.CloseAndWait(std::chrono::seconds(60)); });
  pass.reset();
  EXPECT_TRUE(closed.get());
}

TEST(InFlightTest, NobodyIsInsideAfterTheWaitWhoeverComesMeanwhile) {
  for (int round = 0; round < 50; ++round) {
    InFlight requests;
    std::atomic<bool> stopped = false;
    std::atomic<int> late = 0;
    std::vector<std::jthread> clients;
    for (int i = 0; i < 3; ++i) {
      clients.emplace_back([&] {
        while (true) {
          const InFlight::Pass pass(&requests);
          if (!pass) return;
          if (stopped) ++late;
        }
      });
    }
    EXPECT_TRUE(requests.CloseAndWait(std::chrono::seconds(60)));
    stopped = true;
    clients.clear();
    EXPECT_EQ(late, 0);
  }
}

TEST(InFlightTest, KeepsRefusingUntilNobodyKnocks) {
  InFlight requests;
  EXPECT_TRUE(requests.CloseAndWait(std::chrono::milliseconds(0)));
  std::atomic<int> refused = 0;
  std::jthread client([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      if (!InFlight::Pass(&requests)) ++refused;
    }
  });
  while (refused == 0) std::this_thread::yield();
  requests.WaitUntilQuiet(std::chrono::hours(1), std::chrono::milliseconds(20));
  client.request_stop();
  client.join();
  requests.WaitUntilQuiet(std::chrono::milliseconds(1), std::chrono::hours(1));
}

TEST(InFlightTest, RefusesMoreThanItHasRoomFor) {
  InFlight requests(2);
  const InFlight::Pass first(&requests);
  std::optional<InFlight::Pass> second(std::in_place, &requests);
  EXPECT_EQ(first.refusal(), OkStatus());
  EXPECT_EQ(InFlight::Pass(&requests).refusal().code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(requests.inside(), 2);
  second.reset();
  EXPECT_TRUE(InFlight::Pass(&requests));
  second.emplace(&requests);
  requests.CloseAndWait(std::chrono::milliseconds(0));
  EXPECT_EQ(InFlight::Pass(&requests).refusal(), UnavailableError("the server is stopping"));
}

}  // namespace
}  // namespace trainyard::serving

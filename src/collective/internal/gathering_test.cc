#include "collective/internal/gathering.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/testing/free_port.h"
#include "base/testing/pace.h"
#include "collective/internal/socket.h"

namespace trainyard::collective {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class GatherTest : public ::testing::Test {
 protected:
  Meeting Of(int rank, int size = 3) {
    return {.group = "g",
            .address = address_,
            .rank = rank,
            .size = size,
            .timeout = milliseconds(60'000)};
  }
  const std::string address_ = FreeAddress();
};

TEST_F(GatherTest, EveryMemberGetsTheMessagesOfAll) {
  std::vector<std::vector<std::string>> got(3);
  std::vector<std::jthread> members;
  for (int rank : {2, 1, 0}) {
    members.emplace_back([&, rank] {
      got[static_cast<size_t>(rank)] = Gather(Of(rank), "m" + std::to_string(rank)).value();
    });
  }
  members.clear();
  for (const auto& messages : got) EXPECT_THAT(messages, ElementsAre("m0", "m1", "m2"));
}

TEST_F(GatherTest, SaysWhoHasNotCome) {
  EXPECT_TRUE(HoldsAtSomePace([&](milliseconds pace) {
    Meeting meeting = Of(0);
    Meeting other = Of(2);
    meeting.timeout = other.timeout = pace;
    std::jthread comes([&] { EXPECT_FALSE(Gather(other, "").ok()); });
    const auto got = Gather(meeting, "");
    EXPECT_EQ(got.status().code(), StatusCode::kDeadlineExceeded);
    return got.status().message().find("member 1 of group g has not come") != std::string::npos;
  }));
}

TEST_F(GatherTest, AnotherGroupIsSentAwayAndDoesNoHarm) {
  std::jthread host([&] { EXPECT_THAT(Gather(Of(0, 2), "a").value(), ElementsAre("a", "b")); });
  Meeting wrong = Of(1, 2);
  wrong.group = "other";
  const auto refused = Gather(wrong, "x");
  EXPECT_EQ(refused.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(refused.status().message(), HasSubstr("this is group g, not other"));
  EXPECT_THAT(Gather(Of(1, 5), "x").status().message(), HasSubstr("group g has 2 members"));
  EXPECT_THAT(Gather(Of(1, 2), "b").value(), ElementsAre("a", "b"));
}

TEST_F(GatherTest, StrangersAndSilentConnectionsAreLeftAside) {
  std::jthread host([&] { EXPECT_THAT(Gather(Of(0, 2), "a").value(), ElementsAre("a", "b")); });
  const Deadline deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  Result<Socket> silent = Connect(address_, deadline);
  while (!silent.ok()) silent = Connect(address_, deadline);
  const Socket stranger = Connect(address_, deadline).value();
  EXPECT_TRUE(stranger.Send(std::string("GET / HTTP/1.1\r\n\r\n"), deadline).ok());
  EXPECT_TRUE(Gather(Of(1, 2), "b").ok());
}

}  // namespace
}  // namespace trainyard::collective

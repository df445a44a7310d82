#include "kube/internal/reflector_state.h"

#include <gtest/gtest.h>

#include <vector>

namespace trainyard::kube {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Backoff::TimePoint kNow{std::chrono::hours(1)};
constexpr FetchStep kStreaming{.fetch = Fetch::kStreamingList};
constexpr FetchStep kList{.fetch = Fetch::kList};

Status Gone() { return Status(StatusCode::kOutOfRange, "too old"); }
Status Down() { return UnavailableError("connection refused"); }

TEST(BackoffTest, DoublesUpToThirtySecondsAndForgetsAfterTwoQuietMinutes) {
  Backoff backoff{seconds(30)};
  std::vector<int64_t> delays;
  Backoff::TimePoint now = kNow;
  for (int i = 0; i < 8; ++i) {
    delays.push_back(backoff.Next(now, 0).count());
    now += seconds(60);
  }
  EXPECT_EQ(delays, (std::vector<int64_t>{800, 1600, 3200, 6400, 12800, 25600, 30000, 30000}));
  EXPECT_EQ(backoff.Next(now, 0.5), milliseconds(45'000));
  EXPECT_EQ(backoff.Next(now + seconds(121), 0.25), milliseconds(1'000));
}

TEST(ReflectorStateTest, AStreamingListGoesOnAsAWatch) {
  ReflectorState state(true);
  EXPECT_EQ(state.step(), kStreaming);
  state.Told(7);  // by an initial event: says nothing about the whole
  state.ListRead(10);
  EXPECT_EQ(state.step(), (FetchStep{.fetch = Fetch::kWatch, .version = 10}));
  state.Told(12);
  state.Told(11);
  EXPECT_EQ(state.step().version, 12u);
}

TEST(ReflectorStateTest, AServerWithoutStreamingListsIsNotAskedAgain) {
  ReflectorState state(true);
  const auto next =
      state.Ended({.status = InvalidArgumentError("sendInitialEvents is forbidden")}, kNow, 0);
  EXPECT_EQ(next.delay, milliseconds(0));
  EXPECT_FALSE(next.is_trouble);
  EXPECT_EQ(state.step(), kList);
  state.ListRead(5);
  EXPECT_EQ(state.Ended({.status = Gone()}, kNow, 0).delay, milliseconds(800));
  EXPECT_EQ(state.step(), kList);
}

TEST(ReflectorStateTest, AStreamingListThatFailsIsFollowedByAListOnce) {
  ReflectorState state(true);
  EXPECT_EQ(state.Ended({.status = Down()}, kNow, 0).delay, milliseconds(800));
  EXPECT_EQ(state.step(), kList);
  EXPECT_EQ(state.Ended({.status = Down()}, kNow, 0).delay, milliseconds(1'600));
  EXPECT_EQ(state.step(), kStreaming);
  state.Ended({}, kNow, 0);  // ended well, but too early
  EXPECT_EQ(state.step(), kList);
  state.ListRead(3);
  state.Ended({.status = Gone()}, kNow, 0);
  EXPECT_EQ(state.step(), kStreaming);
}

TEST(ReflectorStateTest, ReadsPageAfterPage) {
  ReflectorState state(false);
  state.PageRead("t1");
  EXPECT_EQ(state.step(), (FetchStep{.fetch = Fetch::kList, .next = "t1"}));
  state.PageRead("t2");
  EXPECT_EQ(state.step().next, "t2");
  state.ListRead(4);
  EXPECT_EQ(state.step(), (FetchStep{.fetch = Fetch::kWatch, .version = 4}));
}

TEST(ReflectorStateTest, AListThatExpiresOnTheWayStartsAgainAndThenComesWhole) {
  ReflectorState state(true);
  state.Ended({.status = Down()}, kNow, 0);
  state.PageRead("t1");
  EXPECT_EQ(state.Ended({.status = Gone()}, kNow, 0).delay, milliseconds(0));
  EXPECT_EQ(state.step(), kList);
  state.PageRead("t2");
  state.Ended({.status = Gone()}, kNow, 0);
  EXPECT_EQ(state.step(), (FetchStep{.fetch = Fetch::kList, .is_paged = false}));
  EXPECT_EQ(state.Ended({.status = Gone()}, kNow, 0).delay, milliseconds(1'600));  // no loop
}

struct WatchEnd {
  const char* name;
  ReflectorState::End end;
  Fetch then;
  milliseconds delay;
};

TEST(ReflectorStateTest, HowAWatchEndsSaysWhatFollows) {
  const milliseconds none{0};
  const milliseconds first{800};
  const std::vector<WatchEnd> table = {
      {"its time is up", {.lived = seconds(300)}, Fetch::kWatch, none},
      {"short, with news", {.had_events = true, .lived = milliseconds(5)}, Fetch::kWatch, none},
      {"short and empty", {.lived = milliseconds(5)}, Fetch::kWatch, first},
      {"connection refused", {.status = Down()}, Fetch::kWatch, first},
      {"429", {.status = ResourceExhaustedError("slow down")}, Fetch::kWatch, first},
      {"silence", {.status = DeadlineExceededError("idle")}, Fetch::kWatch, first},
      {"410", {.status = Gone(), .had_events = true}, Fetch::kList, first},
      {"malformed", {.status = DataLossError("not JSON")}, Fetch::kList, first},
      {"forbidden", {.status = PermissionDeniedError("no")}, Fetch::kList, first},
      {"gone for good", {.status = NotFoundError("no such resource")}, Fetch::kList, first},
  };
  for (const WatchEnd& row : table) {
    ReflectorState state(false);
    state.ListRead(9);
    const auto next = state.Ended(row.end, kNow, 0);
    EXPECT_EQ(state.step().fetch, row.then) << row.name;
    EXPECT_EQ(next.delay, row.delay) << row.name;
    EXPECT_EQ(next.is_trouble, !row.end.status.ok()) << row.name;
  }
}

TEST(ReflectorStateTest, AWatchThatCannotBeResumedEndsInAList) {
  ReflectorState state(false);
  state.ListRead(9);
  int tries = 0;
  while (state.step().fetch == Fetch::kWatch && tries < 100) {
    state.Ended({.status = Down()}, kNow, 0);
    ++tries;
  }
  EXPECT_EQ(tries, 7);
}

TEST(ToRequestTest, SaysWhatIsWanted) {
  const ReflectorOptions options{
      .resource = kPods, .name_space = "team", .label_selector = "app=x", .metadata_only = true};
  const auto text = [](const ApiRequest& request) {
    std::string whole = request.path + "?";
    for (const auto& [key, value] : request.query) whole += key + "=" + value + "&";
    return whole + " " + request.accept;
  };
  EXPECT_EQ(text(ToRequest(options, kStreaming, seconds(400))),
            "/api/v1/namespaces/team/pods?labelSelector=app=x&watch=true&allowWatchBookmarks=true&"
            "timeoutSeconds=400&sendInitialEvents=true&resourceVersionMatch=NotOlderThan& "
            "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1");
  EXPECT_EQ(text(ToRequest(options, {.fetch = Fetch::kWatch, .version = 7}, seconds(300))),
            "/api/v1/namespaces/team/pods?labelSelector=app=x&watch=true&allowWatchBookmarks=true&"
            "timeoutSeconds=300&resourceVersion=7& "
            "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1");
  EXPECT_EQ(text(ToRequest(options, {.fetch = Fetch::kList, .next = "t"}, seconds(300))),
            "/api/v1/namespaces/team/pods?labelSelector=app=x&limit=500&continue=t& "
            "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1");
  const auto watch = ToRequest({.resource = kPods}, kStreaming, seconds(400));
  EXPECT_EQ(watch.accept, "application/json");
  EXPECT_EQ(watch.timeout, seconds(430));
}

}  // namespace
}  // namespace trainyard::kube

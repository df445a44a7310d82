#include "kube/reflector.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <mutex>
#include <string>
#include <vector>

#include "kube/testing/fake_api.h"
#include "kube/testing/fast_timers.h"

namespace trainyard::kube {
namespace {

using testing::FakeApi;
constexpr std::chrono::seconds kLimit{60};

Json Pod(const std::string& name) { return {{"metadata", {{"name", name}}}}; }

// Follows pods and writes down what is told.
class ReflectorTest : public ::testing::Test {
 protected:
  void Start(ReflectorOptions options = {}) {
    options.resource = kPods;
    reflector_ = Reflector::Start(
        &api_, &timers_, std::move(options),
        {.begin_replace = [this] { Note("begin"); },
         .upsert = [this](const Json& object) { Note("+" + Name(object)); },
         .remove = [this](const Json& object) { Note("-" + Name(object)); },
         .end_replace = [this](uint64_t) { Note("end"); },
         .bookmark = [this](uint64_t version) { Note("bookmark " + std::to_string(version)); },
         .trouble = [this](const Status& status) { Note("trouble: " + status.message()); }});
  }
  void Note(const std::string& news) {
    const std::lock_guard lock(mutex_);
    news_.push_back(news);
    changed_.notify_all();
  }
  // Waits for a piece of news that starts so, and takes it and all before.
  ::testing::AssertionResult Expect(const std::string& wanted) {
    std::unique_lock lock(mutex_);
    size_t at = 0;
    const bool is_there = changed_.wait_for(lock, kLimit, [&] {
      for (; at < news_.size(); ++at) {
        if (news_[at].starts_with(wanted)) return true;
      }
      return false;
    });
    if (!is_there) {
      auto result = ::testing::AssertionFailure() << "no news of " << wanted << "; but:";
      for (const std::string& news : news_) result << " [" << news << "]";
      return result;
    }
    news_.erase(news_.begin(), news_.begin() + static_cast<std::ptrdiff_t>(at) + 1);
    return ::testing::AssertionSuccess();
  }
  std::vector<std::string> Untaken() {
    const std::lock_guard lock(mutex_);
    return news_;
  }
  // How many lists (of pages) and watches were asked for.
  int Lists() { return CountRequests(false); }
  int Watches() { return CountRequests(true); }
  int CountRequests(bool watches) {
    int count = 0;
    for (const ApiRequest& request : api_.requests()) {
      bool is_watch = false;
      for (const auto& [key, value] : request.query) is_watch |= key == "watch";
      count += is_watch == watches ? 1 : 0;
    }
    return count;
  }
  void Create(const std::string& name) {
    ASSERT_TRUE(api_.outsider().Create(kPods, "team", Pod(name)).ok());
  }

  FakeApi api_;
  testing::FastTimers timers_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> news_;
  std::unique_ptr<Reflector> reflector_;  // last: goes first
};

TEST_F(ReflectorTest, AStreamingListIsFollowedByItsWatch) {
  Create("a");
  Create("b");
  Start();
  EXPECT_TRUE(Expect("end"));
  Create("c");
  EXPECT_TRUE(Expect("+c"));
  ASSERT_TRUE(api_.outsider().Delete(kPods, "team", "a").ok());
  EXPECT_TRUE(Expect("-a"));
  EXPECT_EQ(Watches(), 1);
  EXPECT_EQ(Lists(), 0);
}

TEST_F(ReflectorTest, AnEmptyCollectionIsAWholeList) {
  Start();
  EXPECT_TRUE(Expect("begin"));
  EXPECT_TRUE(Expect("end"));
}

TEST_F(ReflectorTest, AServerWithoutStreamingListsIsRememberedAndListedInPages) {
  for (int i = 0; i < 7; ++i) Create("p" + std::to_string(i));
  api_.OfferStreamingList(false);
  api_.SetPageLimit(3);
  Start();
  EXPECT_TRUE(Expect("+p6"));
  EXPECT_TRUE(Expect("end"));
  Create("later");
  EXPECT_TRUE(Expect("+later"));
  EXPECT_EQ(Lists(), 3);
  EXPECT_EQ(Watches(), 2);  // the one that was refused, and the watch
  api_.ExpireWatches(kPods);
  EXPECT_TRUE(Expect("end"));
  EXPECT_EQ(Lists(), 6);
  Create("last");
  EXPECT_TRUE(Expect("+last"));
  EXPECT_EQ(Watches(), 3);
}

TEST_F(ReflectorTest, AServerThatDoesNotKnowStreamingListsIsFoundOut) {
  Create("a");
  api_.Hold(kPods);  // opens, and then nothing
  Start();
  EXPECT_TRUE(Expect("end"));
  EXPECT_EQ(Lists(), 1);
  api_.Release(kPods);
  Create("b");
  EXPECT_TRUE(Expect("+b"));
}

TEST_F(ReflectorTest, AListThatExpiresOnPageTwoStartsAgain) {
  for (int i = 0; i < 5; ++i) Create("p" + std::to_string(i));
  api_.SetPageLimit(2);
  api_.Fail(
      {.method = "LIST", .path_part = "continue=", .code = 410, .reason = "Expired", .times = 2});
  Start({.streaming_list = false});
  EXPECT_TRUE(Expect("begin"));
  EXPECT_TRUE(Expect("begin"));
  EXPECT_TRUE(Expect("begin"));
  EXPECT_TRUE(Expect("+p4"));
  EXPECT_TRUE(Expect("end"));
  EXPECT_EQ(Lists(), 5);  // twice two, then all at once
}

TEST_F(ReflectorTest, GoneInsideTheStreamMeansToListAgain) {
  Create("a");
  Start();
  EXPECT_TRUE(Expect("end"));
  api_.ExpireWatches(kPods);
  EXPECT_TRUE(Expect("trouble: cannot watch pods.v1: The resourceVersion"));
  EXPECT_TRUE(Expect("+a"));
  EXPECT_TRUE(Expect("end"));
}

TEST_F(ReflectorTest, AVersionThatTheServerHasForgottenMeansToListAgain) {
  Start();
  EXPECT_TRUE(Expect("end"));
  api_.Hold(kPods);
  Create("a");
  api_.Compact();
  api_.CutWatches(kPods);
  api_.Release(kPods);
  EXPECT_TRUE(Expect("trouble: cannot watch pods.v1: too old resource version"));
  EXPECT_TRUE(Expect("+a"));
  EXPECT_TRUE(Expect("end"));
}

TEST_F(ReflectorTest, ABookmarkMovesTheVersionThatTheNextWatchBeginsAt) {
  Start();
  EXPECT_TRUE(Expect("end"));
  api_.Compact();  // moves the version, and would cost a list
  api_.SendBookmarks(kPods);
  EXPECT_TRUE(Expect("bookmark"));
  api_.CutWatches(kPods);
  Create("a");
  EXPECT_TRUE(Expect("+a"));
  EXPECT_EQ(Untaken(), std::vector<std::string>());
}

TEST_F(ReflectorTest, WatchesThatEndAtOnceAreNotAHotLoop) {
  Start();
  EXPECT_TRUE(Expect("end"));
  api_.CutWatches(kPods);
  ASSERT_TRUE(api_.WaitUntilDelivered(kLimit));
  // The stream had the bookmark of the list; only the following ones are empty.
  Create("a");
  EXPECT_TRUE(Expect("+a"));
  for (int i = 0; i < 2; ++i) {
    const int before = Watches();
    api_.CutWatches(kPods);
    Create("b" + std::to_string(i));
    EXPECT_TRUE(Expect("+b"));
    EXPECT_GT(Watches(), before);
  }
}

TEST_F(ReflectorTest, TooManyRequestsRepeatsTheWatchOnly) {
  Create("a");
  Start();
  EXPECT_TRUE(Expect("end"));
  api_.Fail({.method = "WATCH", .code = 429, .reason = "TooManyRequests", .times = 3});
  api_.Fail({.method = "WATCH", .code = 0, .times = 2});
  api_.CutWatches(kPods, UnavailableError("reset"));
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(Expect("trouble"));
  Create("b");
  EXPECT_TRUE(Expect("+b"));
  EXPECT_EQ(Lists(), 0);
  EXPECT_EQ(Untaken(), std::vector<std::string>());
}

TEST_F(ReflectorTest, HostileLinesEndInANewList) {
  Start();
  EXPECT_TRUE(Expect("end"));
  for (const char* line :
       {"", "null", "{\"type\":\"ADDED\"", "{\"type\":\"ADDED\",\"object\":{\"a\":}}",
        "{\"type\":\"ADDED\",\"object\":[]}", "\xff\xff\xff", "{\"type\":\"ERROR\",\"object\":{}}",
        "{\"type\":\"ERROR\",\"object\":{\"code\":\"x\"}}"}) {
    api_.SendLine(kPods, line);
    EXPECT_TRUE(Expect("trouble: cannot watch pods.v1: ")) << line;
    const std::string name = "after-" + std::to_string(api_.version());
    Create(name);
    EXPECT_TRUE(Expect("+" + name)) << line;
  }
  // Types of events that are not known yet, and objects without anything in them, do no harm.
  api_.SendLine(kPods, R"({"type":"PAUSED","object":{}})");
  api_.SendLine(kPods, R"({"type":"ADDED","object":{"metadata":{"resourceVersion":{}}}})");
  EXPECT_TRUE(Expect("+"));
  Create("z");
  EXPECT_TRUE(Expect("+z"));
}

TEST_F(ReflectorTest, MetadataOnlyAsksForNoMore) {
  Json pod = Pod("a");
  pod["spec"] = {{"nodeName", "n"}};
  ASSERT_TRUE(api_.outsider().Create(kPods, "team", pod).ok());
  for (const bool streaming : {true, false}) {
    Json told;
    std::promise<void> done;
    const auto reflector = Reflector::Start(
        &api_, &timers_, {.resource = kPods, .metadata_only = true, .streaming_list = streaming},
        {.upsert = [&](const Json& object) { told = object; },
         .end_replace = [&](uint64_t) { done.set_value(); }});
    ASSERT_EQ(done.get_future().wait_for(kLimit), std::future_status::ready);
    EXPECT_EQ(Name(told), "a");
    EXPECT_FALSE(told.contains("spec"));
  }
}

TEST_F(ReflectorTest, CanBeDestroyedAtAnyTime) {
  for (int i = 0; i < 300; ++i) Create("p" + std::to_string(i));
  api_.SetPageLimit(20);
  for (int i = 0; i < 60; ++i) {
    Start({.streaming_list = i % 2 == 0});
    if (i % 3 == 0) {
      EXPECT_TRUE(Expect("begin"));
    }
    if (i % 7 == 0) {
      EXPECT_TRUE(Expect("end"));
    }
    reflector_.reset();
    const size_t told = Untaken().size();
    EXPECT_EQ(Untaken().size(), told);
    EXPECT_EQ(api_.watch_count(kPods), 0);
  }
}

}  // namespace
}  // namespace trainyard::kube

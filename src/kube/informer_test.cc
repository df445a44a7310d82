#include "kube/informer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "kube/testing/fake_api.h"
#include "kube/testing/fast_timers.h"

namespace trainyard::kube {
namespace {

using testing::FakeApi;
constexpr std::chrono::seconds kLimit{60};

struct View {
  std::string uid{};
  std::string value{};
  std::string job{};
  uint64_t version = 0;
};

View ToView(const Json& object) {
  return {.uid = Uid(object),
          .value = GetString(object, {"spec", "value"}),
          .job = Label(object, "job"),
          .version = ResourceVersion(object)};
}

Json Pod(const std::string& name, const std::string& value, const std::string& job = "j") {
  return {{"metadata", {{"name", name}, {"labels", {{"job", job}}}}}, {"spec", {{"value", value}}}};
}

std::string Describe(const std::shared_ptr<const View>& view) {
  return view == nullptr ? "-" : view->value;
}

class InformerTest : public ::testing::Test {
 protected:
  void Start(ReflectorOptions options = {}) {
    options.resource = kPods;
    informer_.emplace(
        &api_, &timers_, std::move(options),
        Informer<View>::Handlers{
            .project = ToView,
            .group = [](const View& view) { return view.job; },
            .on_change =
                [this](const std::string& key, const auto& before, const auto& after) {
                  Note(key + ": " + Describe(before) + " > " + Describe(after));
                }});
    ASSERT_TRUE(informer_->WaitUntilSynced(kLimit).ok());
  }
  void Note(const std::string& change) {
    const std::lock_guard lock(mutex_);
    changes_.push_back(change);
    changed_.notify_all();
  }
  bool WaitFor(const std::string& change) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kLimit, [&] {
      return std::find(changes_.begin(), changes_.end(), change) != changes_.end();
    });
  }
  std::vector<std::string> TakeChanges() {
    const std::lock_guard lock(mutex_);
    return std::exchange(changes_, {});
  }
  Json Create(Api& by, const Json& pod) { return by.Create(kPods, "team", pod).value(); }
  Json Set(Api& by, const std::string& name, const std::string& value) {
    return by.Patch(kPods, "team", name, PatchType::kMerge, {{"spec", {{"value", value}}}}).value();
  }
  std::string At(const std::string& name) { return Describe(informer_->Get("team/" + name)); }

  FakeApi api_;
  testing::FastTimers timers_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> changes_;
  std::optional<Informer<View>> informer_;  // last: goes first
};

TEST_F(InformerTest, HoldsWhatIsThereAndFollows) {
  Create(api_.outsider(), Pod("a", "1"));
  Create(api_.outsider(), Pod("b", "1", "other"));
  Start();
  EXPECT_EQ(informer_->size(), 2u);
  EXPECT_EQ(At("a"), "1");
  EXPECT_EQ(informer_->Group("j").size(), 1u);
  Set(api_.outsider(), "a", "2");
  EXPECT_TRUE(WaitFor("team/a: 1 > 2"));
  ASSERT_TRUE(api_.outsider().Delete(kPods, "team", "a").ok());
  EXPECT_TRUE(WaitFor("team/a: 2 > -"));
  EXPECT_TRUE(informer_->Group("j").empty());
  EXPECT_EQ(informer_->All().size(), 1u);
}

TEST_F(InformerTest, SaysWhyItHasNoList) {
  api_.Fail({.code = 403, .reason = "Forbidden", .times = -1});
  Informer<View> informer(&api_, &timers_, {.resource = kPods}, {.project = ToView});
  Status status;
  const auto end = std::chrono::steady_clock::now() + kLimit;
  do {
    status = informer.WaitUntilSynced(std::chrono::milliseconds(1));
  } while (status.message().find("injected") == std::string::npos &&
           std::chrono::steady_clock::now() < end);
  EXPECT_EQ(status.code(), StatusCode::kDeadlineExceeded);
  // By turns a streaming list and a list.
  EXPECT_TRUE(
      status.message() == "cannot list pods.v1 within 1 ms: cannot watch pods.v1: injected fault" ||
      status.message() == "cannot list pods.v1 within 1 ms: cannot list pods.v1: injected fault")
      << status;
  EXPECT_FALSE(informer.is_synced());
}

TEST_F(InformerTest, ReadsItsOwnWritesWhileTheWatchIsBehind) {
  Create(api_.outsider(), Pod("a", "1"));
  Start();
  api_.Hold(kPods);
  Set(api_.outsider(), "a", "theirs");
  informer_->Upsert(Set(api_, "a", "ours"));
  informer_->Upsert(Create(api_, Pod("b", "new")));
  EXPECT_EQ(At("a"), "ours");
  EXPECT_EQ(At("b"), "new");
  TakeChanges();
  api_.Release(kPods);
  Create(api_.outsider(), Pod("z", "last"));
  EXPECT_TRUE(WaitFor("team/z: - > last"));
  EXPECT_EQ(TakeChanges(),
            std::vector<std::string>{"team/z: - > last"});  // nothing older in between
  EXPECT_EQ(At("a"), "ours");
}

TEST_F(InformerTest, WhatWasDeletedDoesNotComeBack) {
  const Json made = Create(api_.outsider(), Pod("a", "1"));
  Start();
  api_.Hold(kPods);
  const Json changed = Set(api_, "a", "2");
  ASSERT_TRUE(api_.Delete(kPods, "team", "a").ok());
  informer_->Remove("team/a", Uid(made));
  informer_->Upsert(changed);  // an answer that was slow
  EXPECT_EQ(At("a"), "-");
  TakeChanges();
  api_.Release(kPods);
  Create(api_.outsider(), Pod("z", "last"));
  EXPECT_TRUE(WaitFor("team/z: - > last"));
  EXPECT_EQ(TakeChanges().size(), 1u);
  informer_->Upsert(changed);  // and one that was slower
  EXPECT_EQ(At("a"), "-");
}

TEST_F(InformerTest, ANewListTellsWhatHasVanished) {
  Create(api_.outsider(), Pod("a", "1"));
  Create(api_.outsider(), Pod("b", "1"));
  Start();
  ASSERT_TRUE(WaitFor("team/b: - > 1"));
  TakeChanges();
  api_.Hold(kPods);
  ASSERT_TRUE(api_.outsider().Delete(kPods, "team", "a").ok());
  Set(api_.outsider(), "b", "2");
  api_.Compact();
  api_.CutWatches(kPods);
  api_.Release(kPods);
  EXPECT_TRUE(WaitFor("team/a: 1 > -"));
  EXPECT_TRUE(WaitFor("team/b: 1 > 2"));
  EXPECT_EQ(TakeChanges().size(), 2u);
}

TEST_F(InformerTest, TheCopyIsWholeWhileANewListIsUnderWay) {
  for (int i = 0; i < 6; ++i) Create(api_.outsider(), Pod("p" + std::to_string(i), "1"));
  Start({.streaming_list = false});
  api_.SetPageLimit(1);
  std::atomic<size_t> least{6};
  api_.SetBeforeRequest(
      [&](const ApiRequest&) { least = std::min(least.load(), informer_->size()); });
  api_.Hold(kPods);
  ASSERT_TRUE(api_.outsider().Delete(kPods, "team", "p0").ok());
  api_.ExpireWatches(kPods);
  api_.Release(kPods);
  EXPECT_TRUE(WaitFor("team/p0: 1 > -"));
  EXPECT_EQ(informer_->size(), 5u);
  api_.SetBeforeRequest({});
  EXPECT_GE(least, 5u);
}

TEST_F(InformerTest, WhatLeavesTheSelectionIsGone) {
  Create(api_.outsider(), Pod("a", "1", "j"));
  Create(api_.outsider(), Pod("b", "1", "k"));
  Start({.label_selector = "job=j"});
  EXPECT_EQ(informer_->size(), 1u);
  const Json other = {{"metadata", {{"labels", {{"job", "k"}}}}}};
  ASSERT_TRUE(api_.outsider().Patch(kPods, "team", "a", PatchType::kMerge, other).ok());
  EXPECT_TRUE(WaitFor("team/a: 1 > -"));
}

TEST_F(InformerTest, HandlersMayUseTheInformer) {
  std::atomic<size_t> seen{0};
  Informer<View>* self = nullptr;
  std::atomic<bool> is_ready{false};
  Informer<View> informer(
      &api_, &timers_, {.resource = kPods},
      {.project = ToView, .on_change = [&](const std::string& key, const auto&, const auto&) {
         if (is_ready && self->Get(key) != nullptr) ++seen;
       }});
  ASSERT_TRUE(informer.WaitUntilSynced(kLimit).ok());
  self = &informer;
  is_ready = true;
  informer.Upsert(Create(api_, Pod("a", "1")));
  EXPECT_EQ(seen, 1u);
}

// Two that write the same objects, one of them through the informer: versions only ever grow, and
// what is told adds up.
TEST_F(InformerTest, TwoWritersEndWithTheSameState) {
  for (int i = 0; i < 5; ++i) Create(api_.outsider(), Pod("p" + std::to_string(i), "0"));
  std::mutex mutex;
  std::map<std::string, uint64_t> versions;
  std::atomic<int> backwards{0};
  Informer<View> informer(
      &api_, &timers_, {.resource = kPods},
      {.project = ToView, .on_change = [&](const std::string& key, const auto&, const auto& after) {
         const std::lock_guard lock(mutex);
         if (after->version <= versions[key]) ++backwards;
         versions[key] = after->version;
       }});
  ASSERT_TRUE(informer.WaitUntilSynced(kLimit).ok());
  std::thread other([&] {
    for (int i = 0; i < 300; ++i) Set(api_.outsider(), "p" + std::to_string(i % 5), "o");
  });
  for (int i = 0; i < 300; ++i) {
    const std::string name = "p" + std::to_string(i % 5);
    const Json answer = Set(api_, name, std::to_string(i));
    informer.Upsert(answer);
    EXPECT_GE(informer.Get("team/" + name)->version, ResourceVersion(answer));
  }
  other.join();
  ASSERT_TRUE(api_.WaitUntilDelivered(kLimit));
  EXPECT_EQ(backwards, 0);
  for (const auto& object : api_.objects(kPods)) {
    EXPECT_EQ(informer.Get(Key(*object))->version, ResourceVersion(*object));
  }
}

// Random writes by two, with every fault that a watch can have, and answers that come late. At the
// end the copy is the server's state and what was told adds up to it; no object was ever told to go
// back to an older state or to come back after its end.
class InformerRandomTest : public InformerTest, public ::testing::WithParamInterface<unsigned> {};

TEST_P(InformerRandomTest, EndsWithTheServersState) {
  std::mt19937 random(GetParam());
  api_.OfferStreamingList(GetParam() % 3 != 0);
  api_.SetPageLimit(GetParam() % 2 == 0 ? 2 : 0);
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<const View>> told;
  std::set<std::string> gone;  // uids
  std::atomic<int> mismatches{0};
  std::atomic<int> steps_back{0};
  std::atomic<int> returns{0};
  Informer<View> informer(&api_, &timers_, {.resource = kPods, .seed = GetParam() + 1},
                          {.project = ToView,
                           .group = [](const View& view) { return view.job; },
                           .on_change =
                               [&](const std::string& key, const auto& before, const auto& after) {
                                 const std::lock_guard lock(mutex);
                                 if (told[key] != before) ++mismatches;
                                 told[key] = after;
                                 if (before && after && after->version <= before->version)
                                   ++steps_back;
                                 if (after && gone.contains(after->uid)) ++returns;
                                 if (before && (!after || after->uid != before->uid))
                                   gone.insert(before->uid);
                               }});
  std::vector<Json> answers;
  const auto own_write = [&](const std::string& name, unsigned kind) {
    const std::string key = "team/" + name;
    if (kind == 0) {
      const auto view = informer.Get(key);
      const std::string uid = view == nullptr ? "" : view->uid;
      const Status deleted = api_.Delete(kPods, "team", name, {.uid = uid});
      if (view != nullptr && (deleted.ok() || deleted.code() == StatusCode::kNotFound)) {
        informer.Remove(key, uid);
        const auto after = informer.Get(key);
        EXPECT_TRUE(after == nullptr || after->uid != uid);
      }
      return;
    }
    auto answer = kind == 1 ? api_.Create(kPods, "team", Pod(name, "own"))
                            : api_.Patch(kPods, "team", name, PatchType::kMerge,
                                         {{"spec", {{"value", std::to_string(random())}}}});
    if (!answer.ok()) return;
    answers.push_back(*answer);
    if (random() % 5 == 0) return;  // this one comes late
    informer.Upsert(*answer);
    const auto after = informer.Get(key);
    // Nobody deletes between our write and this but ourselves: then it must be there.
    if (informer.is_synced()) {
      ASSERT_NE(after, nullptr);
      EXPECT_GE(after->version, ResourceVersion(*answer));
    }
  };
  for (int step = 0; step < 800; ++step) {
    const std::string name = "p" + std::to_string(random() % 6);
    Api& outsider = api_.outsider();
    switch (random() % 15) {
      case 0:
      case 1:
        (void)outsider.Create(kPods, "team", Pod(name, "x", name));
        break;
      case 2:
        (void)outsider.Delete(kPods, "team", name);
        break;
      case 3:
      case 4:
        (void)outsider.Patch(kPods, "team", name, PatchType::kMerge,
                             {{"spec", {{"value", std::to_string(step)}}}});
        break;
      case 5:
        own_write(name, 0);
        break;
      case 6:
      case 7:
        own_write(name, 1);
        break;
      case 8:
        own_write(name, 2);
        break;
      case 9:
        api_.Hold(kPods, static_cast<int>(random() % 4));
        break;
      case 10:
        api_.Release(kPods);
        break;
      case 11:
        if (random() % 3 == 0) api_.Compact();
        api_.CutWatches(kPods, random() % 2 == 0 ? OkStatus() : UnavailableError("reset"));
        break;
      case 12:
        if (random() % 2 == 0) api_.ExpireWatches(kPods);
        api_.SendBookmarks(kPods);
        break;
      case 13:
        api_.Fail({.method = random() % 2 == 0 ? "WATCH" : "LIST",
                   .code = random() % 2 == 0 ? 429 : 500});
        break;
      case 14:
        if (!answers.empty()) informer.Upsert(answers[random() % answers.size()]);
        break;
    }
    // Lets the watch catch up now and then, more or less.
    if (random() % 4 == 0) (void)api_.WaitUntilDelivered(std::chrono::milliseconds(2));
    if (step % 40 == 0) {
      api_.Release(kPods);
      api_.StopFailing();
      api_.WaitUntilDelivered(kLimit);
    }
  }
  api_.Release(kPods);
  api_.StopFailing();
  const auto is_same = [&] {
    const auto objects = api_.objects(kPods);
    if (objects.size() != informer.size()) return false;
    for (const auto& object : objects) {
      const auto view = informer.Get(Key(*object));
      if (view == nullptr || view->version != ResourceVersion(*object)) return false;
    }
    return true;
  };
  const auto end = std::chrono::steady_clock::now() + kLimit;
  while (!is_same() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  EXPECT_TRUE(is_same());
  EXPECT_EQ(mismatches, 0);
  EXPECT_EQ(steps_back, 0);
  EXPECT_EQ(returns, 0);
  size_t grouped = informer.Group("j").size();
  for (int i = 0; i < 6; ++i) grouped += informer.Group("p" + std::to_string(i)).size();
  EXPECT_EQ(grouped, informer.size());
}

INSTANTIATE_TEST_SUITE_P(Seeds, InformerRandomTest, ::testing::Range(0u, 30u));

}  // namespace
}  // namespace trainyard::kube

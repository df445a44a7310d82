#include "kube/event_recorder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "kube/internal/event_backlog.h"
#include "kube/testing/fake_api.h"

namespace trainyard::kube {
namespace {

using internal::EventBacklog;
using internal::PendingEvent;
using std::chrono::milliseconds;
constexpr std::chrono::seconds kLimit{60};

const ObjectReference kJob{.api_version = "kubeflow.org/v1",
                           .kind = "TFJob",
                           .name_space = "team",
                           .name = "mnist",
                           .uid = "u1"};
const std::chrono::steady_clock::time_point kNow{std::chrono::hours(3)};
const TimePoint kWall = *ParseTime("2026-11-25T10:00:00Z");

EventNote Created(const std::string& pod) {
  return {.reason = "SuccessfulCreatePod", .note = "Created pod: " + pod};
}

TEST(EventBacklogTest, MergesWhatFollowsWithinTheWindow) {
  EventBacklog backlog(milliseconds(1'000));
  backlog.Add(kJob, Created("a"), kNow, kWall);
  backlog.Add(kJob, Created("b"), kNow + milliseconds(500), kWall);
  backlog.Add(kJob, Created("a"), kNow + milliseconds(600), kWall);
  backlog.Add(kJob, {.is_warning = true, .reason = "SuccessfulCreatePod", .note = "x"}, kNow,
              kWall);
  ObjectReference other = kJob;
  other.uid = "u2";
  backlog.Add(other, Created("c"), kNow, kWall);
  EXPECT_EQ(backlog.size(), 3u);
  EXPECT_EQ(backlog.next_due(), kNow + milliseconds(1'000));
  const PendingEvent merged = backlog.TakeNext();
  EXPECT_EQ(merged.notes, (std::vector<std::string>{"Created pod: a", "Created pod: b"}));
  EXPECT_EQ(merged.count, 3u);
  EXPECT_EQ(internal::JoinNotes(merged, {}), "Created pod: a (and 1 more)");
  EXPECT_EQ(internal::JoinNotes(
                merged, {.join = [](const std::string&,
                                    const std::vector<std::string>&) { return "Created both"; }}),
            "Created both");
  backlog.Add(kJob, Created("d"), kNow + milliseconds(1'100), kWall);  // too late for that one
  EXPECT_EQ(backlog.size(), 3u);
}

TEST(EventBacklogTest, DropsTheOldestNormalOnesFirst) {
  EventBacklog backlog(milliseconds(0));
  ObjectReference about = kJob;
  for (size_t i = 0; i < EventBacklog::kMaxEvents + 10; ++i) {
    about.uid = std::to_string(i);
    backlog.Add(about, {.is_warning = i % 2 == 0, .reason = "R", .note = "n"}, kNow, kWall);
  }
  EXPECT_EQ(backlog.size(), EventBacklog::kMaxEvents);
  EXPECT_EQ(backlog.dropped(), 10u);
  EXPECT_EQ(backlog.TakeNext().about.uid, "0");  // a warning
  EXPECT_EQ(backlog.TakeNext().about.uid, "2");
}

TEST(BuildEventTest, HasWhatTheServerAsksFor) {
  EventBacklog backlog(milliseconds(0));
  backlog.Add(kJob, {.reason = "Running", .note = "it runs"}, kNow, kWall);
  backlog.Add(kJob, {.reason = "Running", .note = "it runs"}, kNow,
              kWall + std::chrono::seconds(2));
  const PendingEvent event = backlog.TakeNext();
  const EventRecorderOptions options{.controller = "tfjob-controller", .instance = "pod-1"};
  EXPECT_EQ(internal::BuildEvent(event, "it runs", "mnist.1", options), Json::parse(R"({
      "apiVersion": "events.k8s.io/v1", "kind": "Event",
      "metadata": {"name": "mnist.1", "namespace": "team"},
      "eventTime": "2026-11-25T10:00:00.000000Z",
      "reportingController": "tfjob-controller", "reportingInstance": "pod-1",
      "action": "Running", "reason": "Running", "type": "Normal", "note": "it runs",
      "regarding": {"apiVersion": "kubeflow.org/v1", "kind": "TFJob", "name": "mnist",
                    "namespace": "team", "uid": "u1"},
      "series": {"count": 2, "lastObservedTime": "2026-11-25T10:00:02.000000Z"}})"));
}

TEST(BuildEventTest, NotesAreCutBetweenCharacters) {
  EventBacklog backlog(milliseconds(0));
  std::string note;
  while (note.size() < 2'000) note += "\xC3\xA4";
  backlog.Add(kJob, {.reason = "R", .note = "x" + note}, kNow, kWall);
  const std::string cut = internal::JoinNotes(backlog.TakeNext(), {});
  EXPECT_EQ(cut.size(), 1'023u);
}

class EventRecorderTest : public ::testing::Test {
 protected:
  void Start(milliseconds window) {
    recorder_ =
        EventRecorder::Start(&api_, {.controller = "c", .instance = "i", .merge_window = window});
  }
  // Waits for as many requests of the recorder.
  bool WaitForWrites(int count) {
    const auto end = std::chrono::steady_clock::now() + kLimit;
    while (api_.write_count() < count) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::yield();
    }
    return true;
  }
  std::vector<std::string> Notes() {
    std::vector<std::string> notes;
    for (const auto& event : api_.objects(kEvents)) {
      notes.push_back(fmt::format("{} x{}", GetString(*event, {"note"}),
                                  GetInt(*event, {"series", "count"}, 1)));
    }
    std::sort(notes.begin(), notes.end());
    return notes;
  }

  testing::FakeApi api_;
  std::unique_ptr<EventRecorder> recorder_;
};

TEST_F(EventRecorderTest, WritesWhatIsLeftAtTheEnd) {
  Start(std::chrono::hours(1));
  recorder_->Record(kJob, Created("a"));
  recorder_->Record(kJob, Created("a"));
  recorder_->Record(kJob, {.is_warning = true, .reason = "Failed", .note = "it failed"});
  recorder_.reset();
  EXPECT_EQ(Notes(), (std::vector<std::string>{"Created pod: a x2", "it failed x1"}));
}

TEST_F(EventRecorderTest, WhatComesAgainContinuesItsSeries) {
  Start(milliseconds(1));
  recorder_->Record(kJob, Created("a"));
  ASSERT_TRUE(WaitForWrites(1));
  recorder_->Record(kJob, Created("a"));
  ASSERT_TRUE(WaitForWrites(2));
  recorder_.reset();
  EXPECT_EQ(Notes(), (std::vector<std::string>{"Created pod: a x2"}));
}

TEST_F(EventRecorderTest, ASeriesThatTheServerForgotBeginsAnew) {
  Start(milliseconds(1));
  recorder_->Record(kJob, Created("a"));
  ASSERT_TRUE(WaitForWrites(1));
  const auto written = api_.objects(kEvents);
  ASSERT_EQ(written.size(), 1u);
  ASSERT_TRUE(api_.outsider().Delete(kEvents, "team", Name(*written[0])).ok());
  recorder_->Record(kJob, Created("a"));
  ASSERT_TRUE(WaitForWrites(3));
  recorder_.reset();
  EXPECT_EQ(Notes(), (std::vector<std::string>{"Created pod: a x1"}));
}

TEST_F(EventRecorderTest, TriesAgainWhenTheServerIsAwayAndNotWhenItRefuses) {
  Start(milliseconds(1));
  api_.Fail({.method = "POST", .code = 503, .is_performed = true});  // done, answer lost
  recorder_->Record(kJob, Created("a"));
  ASSERT_TRUE(WaitForWrites(2));
  api_.Fail({.method = "POST", .code = 403, .reason = "Forbidden"});
  recorder_->Record(kJob, {.reason = "Other", .note = "refused"});
  ASSERT_TRUE(WaitForWrites(3));
  recorder_->Record(kJob, {.reason = "Third", .note = "fine"});
  ASSERT_TRUE(WaitForWrites(4));
  EXPECT_EQ(recorder_->dropped(), 1u);
  recorder_.reset();
  EXPECT_EQ(Notes(), (std::vector<std::string>{"Created pod: a x1", "fine x1"}));
}

TEST_F(EventRecorderTest, AServerThatIsAwayDoesNotHoldUpTheEnd) {
  Start(milliseconds(1));
  api_.KillAfterWrites(0);
  for (int i = 0; i < 50; ++i) recorder_->Record(kJob, {.reason = std::to_string(i), .note = "n"});
  const auto start = std::chrono::steady_clock::now();
  recorder_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::minutes(1));
}

}  // namespace
}  // namespace trainyard::kube

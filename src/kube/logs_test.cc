#include "kube/logs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <map>

#include "kube/internal/log_progress.h"

namespace trainyard::kube {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Runs functions when the test says so.
class ManualTimers : public TimerQueue {
 public:
  Id After(milliseconds delay, std::function<void()> function) override {
    waiting_.emplace(++last_, std::pair(delay, std::move(function)));
    return last_;
  }
  void Cancel(Id id) override { waiting_.erase(id); }

  // The next function; its delay is returned.
  milliseconds Run() {
    EXPECT_FALSE(waiting_.empty());
    if (waiting_.empty()) return milliseconds(-1);
    const auto [delay, function] = std::move(waiting_.begin()->second);
    waiting_.erase(waiting_.begin());
    function();
    return delay;
  }
  size_t size() const { return waiting_.size(); }

 private:
  Id last_ = 0;
  std::map<Id, std::pair<milliseconds, std::function<void()>>> waiting_;
};

// Keeps what was asked for; the test answers.
class ScriptedApi : public Api {
 public:
  Result<std::string> Send(const ApiRequest& request) override {
    requests.push_back(request);
    return std::string("all of it");
  }
  std::vector<Result<std::string>> SendAll(std::span<const ApiRequest>, int) override { return {}; }
  std::unique_ptr<ApiStream> Open(const ApiRequest& request, milliseconds,
                                  LineHandler given) override {
    requests.push_back(request);
    handler = std::move(given);
    return std::make_unique<ApiStream>();
  }

  std::vector<ApiRequest> requests;
  LineHandler handler;
};

class LogFollowerTest : public ::testing::Test {
 protected:
  void Start(LogOptions options = {}) {
    options.name_space = "n";
    options.pod = "p";
    follower_ =
        LogFollower::Start(&api_, &timers_, options,
                           {.on_line = [this](std::string_view line) { lines_.emplace_back(line); },
                            .on_end = [this](const Status& status) { ends_.push_back(status); }});
  }

  // Answers the look at the pod that is due.
  void AnswerPod(const std::string& status, const std::string& uid = "u1",
                 const std::string& policy = "Never") {
    timers_.Run();
    EXPECT_EQ(api_.requests.back().path, "/api/v1/namespaces/n/pods/p");
    EXPECT_TRUE(api_.handler
                    .on_line(R"({"metadata": {"uid": ")" + uid +
                             R"("}, "spec": {"restartPolicy": ")" + policy +
                             R"(", "containers": [{"name": "c"}]}, "status": )" + status + "}")
                    .ok());
    api_.handler.on_end(OkStatus());
  }

  // Answers the log that is due.
  void AnswerLog(const std::vector<std::string>& lines, const Status& end = {}) {
    timers_.Run();
    EXPECT_EQ(api_.requests.back().path, "/api/v1/namespaces/n/pods/p/log");
    for (const std::string& line : lines) EXPECT_TRUE(api_.handler.on_line(line).ok());
    api_.handler.on_end(end);
  }

  std::string Asked(std::string_view key) {
    for (const auto& [name, value] : api_.requests.back().query) {
      if (name == key) return value;
    }
    return "-";
  }

  static constexpr char kRunning[] =
      R"({"containerStatuses": [{"name": "c", "state": {"running": {}}}]})";
  static constexpr char kEnded[] = R"({"phase": "Succeeded"})";

  ScriptedApi api_;
  ManualTimers timers_;
  std::vector<std::string> lines_;
  std::vector<Status> ends_;
  std::unique_ptr<LogFollower> follower_;
};

TEST_F(LogFollowerTest, TellsTheLogOfAContainerThatHasEnded) {
  Start({.tail_lines = 10});
  AnswerPod(kEnded);
  AnswerLog({"2026-11-25T21:00:03.1Z one", "2026-11-25T21:00:03.2Z two words", "no time"});
  EXPECT_EQ(Asked("timestamps"), "true");
  EXPECT_EQ(Asked("container"), "c");
  EXPECT_EQ(Asked("tailLines"), "10");
  EXPECT_THAT(lines_, ElementsAre("one", "two words", "no time"));
  EXPECT_THAT(ends_, ElementsAre(OkStatus()));
  EXPECT_EQ(timers_.size(), 0u);
}

TEST_F(LogFollowerTest, GoesOnWhereAStreamBrokeWithoutTellingALineTwice) {
  Start({.tail_lines = 10});
  AnswerPod(kRunning);
  AnswerLog({"2026-11-25T21:00:03.1Z a", "2026-11-25T21:00:04.5Z b", "2026-11-25T21:00:04.4Z c",
             "2026-11-25T21:00:04.5Z same", "2026-11-25T21:00:04.5Z same"},
            UnavailableError("lost"));
  AnswerPod(kRunning);
  AnswerLog({"2026-11-25T21:00:04.5Z b", "2026-11-25T21:00:04.4Z c", "2026-11-25T21:00:04.5Z same",
             "2026-11-25T21:00:04.5Z same", "2026-11-25T21:00:04.5Z same",
             "2026-11-25T21:00:05Z d"});
  EXPECT_EQ(Asked("sinceTime"), "2026-11-25T21:00:04Z");
  EXPECT_EQ(Asked("tailLines"), "-");
  AnswerPod(kEnded);
  AnswerLog({"2026-11-25T21:00:05Z d", "2026-11-25T21:00:05Z the last one"});
  EXPECT_THAT(lines_, ElementsAre("a", "b", "c", "same", "same", "same", "d", "the last one"));
  EXPECT_THAT(ends_, ElementsAre(OkStatus()));
}

TEST_F(LogFollowerTest, WaitsForAContainerThatHasNotStarted) {
  Start();
  AnswerPod(R"({"phase": "Pending"})");
  EXPECT_EQ(timers_.Run(), milliseconds(500));
  api_.handler.on_end(UnavailableError("away"));
  EXPECT_EQ(timers_.Run(), milliseconds(1000));
  EXPECT_THAT(api_.requests.back().path, HasSubstr("pods/p"));
  EXPECT_THAT(ends_, IsEmpty());
}

TEST_F(LogFollowerTest, GoesOnWithAContainerThatIsStartedAgain) {
  const std::string failed =
      R"({"containerStatuses": [{"name": "c", "state": {"terminated": {"exitCode": 1}}}]})";
  Start();
  AnswerPod(kRunning, "u1", "OnFailure");
  AnswerLog({"2026-11-25T21:00:03Z a"});
  AnswerPod(failed, "u1", "OnFailure");
  AnswerLog({"2026-11-25T21:00:03Z a", "2026-11-25T21:00:04Z its last words"});
  AnswerPod(kRunning, "u1", "OnFailure");
  AnswerLog({"2026-11-25T21:00:09Z b"});
  AnswerPod(R"({"containerStatuses": [{"name": "c", "state": {"terminated": {"exitCode": 0}}}]})",
            "u1", "OnFailure");
  AnswerLog({});
  EXPECT_THAT(lines_, ElementsAre("a", "its last words", "b"));
  EXPECT_THAT(ends_, ElementsAre(OkStatus()));
}

TEST_F(LogFollowerTest, EndsWithThePod) {
  Start();
  AnswerPod(kRunning);
  AnswerLog({"2026-11-25T21:00:03Z a"}, NotFoundError("gone"));
  EXPECT_THAT(ends_, ElementsAre(NotFoundError("gone")));
}

TEST_F(LogFollowerTest, AnotherPodOfTheSameNameIsNotThePod) {
  Start();
  AnswerPod(kRunning);
  AnswerLog({"2026-11-25T21:00:03Z a"});
  AnswerPod(kRunning, "u2");
  ASSERT_EQ(ends_.size(), 1u);
  EXPECT_EQ(ends_[0].code(), StatusCode::kNotFound);
}

TEST_F(LogFollowerTest, ALogThatIsGoneWithItsNodeIsGivenUp) {
  Start();
  AnswerPod(kEnded);
  for (int i = 0; i < 4; ++i) {
    AnswerLog({}, UnavailableError("no node"));
    AnswerPod(kEnded);
  }
  EXPECT_THAT(ends_, IsEmpty());
  AnswerLog({}, UnavailableError("no node"));
  EXPECT_THAT(ends_, ElementsAre(UnavailableError("no node")));
}

TEST_F(LogFollowerTest, WithoutFollowThereIsOneStream) {
  Start({.container = "c", .previous = true, .timestamps = true});
  AnswerLog({"2026-11-25T21:00:03Z a"});
  EXPECT_EQ(Asked("previous"), "true");
  EXPECT_EQ(Asked("follow"), "-");
  EXPECT_THAT(lines_, ElementsAre("2026-11-25T21:00:03Z a"));
  EXPECT_THAT(ends_, ElementsAre(OkStatus()));
}

TEST_F(LogFollowerTest, NothingIsToldOnceItIsDestroyed) {
  Start();
  EXPECT_EQ(timers_.size(), 1u);
  follower_.reset();
  EXPECT_EQ(timers_.size(), 0u);
  EXPECT_THAT(ends_, IsEmpty());
}

TEST(ReadLogTest, AsksForWhatIsThere) {
  ScriptedApi api;
  EXPECT_EQ(
      *ReadLog(&api, {.name_space = "n", .pod = "p", .since = ParseTime("2026-01-02T03:04:05Z")}),
      "all of it");
  EXPECT_EQ(api.requests[0].path, "/api/v1/namespaces/n/pods/p/log");
  EXPECT_THAT(api.requests[0].query, ElementsAre(std::pair("sinceTime", "2026-01-02T03:04:05Z")));
}

TEST(SplitStampTest, TakesOnlyATimeOff) {
  EXPECT_EQ(SplitStamp("2026-11-25T21:00:03.123456789Z a b").text, "a b");
  EXPECT_EQ(SplitStamp("2026-11-25T21:00:03+02:00 a").text, "a");
  EXPECT_EQ(SplitStamp("2026-11-25T21:00:03Z").text, "");
  for (const char* line : {"", " ", "a b", "2026-11-25 21:00:03Z a", "2026-11-25T21:00:03 abc"}) {
    EXPECT_FALSE(SplitStamp(line).time) << line;
    EXPECT_EQ(SplitStamp(line).text, line);
  }
}

TEST(FindLogSourceTest, KnowsTheContainer) {
  const Json one = Json::parse(R"({"spec": {"containers": [{"name": "a"}]}})");
  const Json two = Json::parse(
      R"({"spec": {"containers": [{"name": "a"}, {"name": "b"}], "initContainers": [{"name": "i"}]}})");
  EXPECT_EQ(FindLogSource(one, "")->container, "a");
  EXPECT_EQ(FindLogSource(two, "i")->container, "i");
  EXPECT_THAT(FindLogSource(two, "").status().message(), HasSubstr("a, b, i"));
  EXPECT_THAT(FindLogSource(two, "z").status().message(), HasSubstr("no container \"z\""));
  EXPECT_FALSE(FindLogSource(Json(), "").ok());
}

}  // namespace
}  // namespace trainyard::kube

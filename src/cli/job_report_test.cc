#include "cli/job_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/job_observers.h"

namespace trainyard::cli {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;

local::JobView ViewOfTwo() {
  local::JobView view{
      .name = "digits", .workdir = "/home/me/out/digits", .elapsed = milliseconds(65'000)};
  spec::TFJob job;
  job.name = "digits";
  job::SetCreated(job, {}, &view.status);
  job::SetRunning(job, {}, &view.status);
  view.progress.step = 300;
  view.progress.max_steps = 1200;
  view.progress.loss = 0.12345;
  view.progress.accuracy = 0.981;
  view.progress.eval_step = 250;
  view.progress.steps_per_sec = 35.25;
  view.replicas.resize(2);
  view.replicas[0].id = {spec::ReplicaType::kChief, 0};
  view.replicas[0].state = "running";
  view.replicas[0].pid = 12;
  view.replicas[0].message = "a message";
  view.replicas[1].id = {spec::ReplicaType::kWorker, 1};
  view.replicas[1].state = "restarting";
  view.replicas[1].restarts = 2;
  view.replicas[1].exit_code = 137;
  view.replicas[1].has_ended = true;
  return view;
}

TEST(FormatElapsedTest, CountsMinutesThenHours) {
  EXPECT_EQ(FormatElapsed(milliseconds(999)), "0:00");
  EXPECT_EQ(FormatElapsed(milliseconds(65'000)), "1:05");
  EXPECT_EQ(FormatElapsed(milliseconds(7'207'000)), "2:00:07");
}

TEST(FormatBlockTest, ShowsTheJobAndEveryReplica) {
  EXPECT_THAT(FormatBlock(ViewOfTwo(), {120, 24}, false),
              ElementsAre("digits  running  [######------------------]  step 300/1200, loss 0.123, "
                          "accuracy 98.10 %, 35.2 steps/s  1:05",
                          "  chief-0      running    pid 12        a message",
                          "  worker-1     restarting killed by signal 9, 2 restarts  "));
}

TEST(FormatBlockTest, FitsTheScreen) {
  local::JobView view = ViewOfTwo();
  view.replicas.resize(50, view.replicas[0]);
  view.replicas[0].message = std::string(500, 'x');
  const auto lines = FormatBlock(view, {60, 10}, false);
  EXPECT_EQ(lines.size(), 8u);
  EXPECT_EQ(lines.back(), "  ... and 44 more");
  for (const std::string& line : lines) EXPECT_LE(line.size(), 62u) << line;  // … has three bytes
}

TEST(FormatReplicaStateTest, GivesTheReasonOfAnEnd) {
  local::JobView view = ViewOfTwo();
  EXPECT_EQ(FormatReplicaState(view.replicas[0]), "running (pid 12)");
  EXPECT_EQ(FormatReplicaState(view.replicas[1]), "restarting (killed by signal 9)");
  view.replicas[1].exit_code = 3;
  view.replicas[1].state = "failed";
  EXPECT_EQ(FormatReplicaState(view.replicas[1]), "failed (exit code 3)");
}

TEST(FormatSummaryTest, SaysHowItWentAndWhereThingsAre) {
  local::RunOutcome outcome{.view = ViewOfTwo()};
  spec::TFJob job;
  job::SetSucceeded(job, {}, &outcome.view.status);
  EXPECT_EQ(FormatSummary(outcome, "/home/me"),
            "job digits succeeded after 1:05\n"
            "  accuracy  98.10 % at step 250\n"
            "  steps     300\n"
            "  results   out/digits/\n"
            "  logs      out/digits/logs/\n");
}

TEST(FormatFailureTest, NamesTheReplicaItsCodeAndItsLog) {
  local::RunOutcome outcome{.view = ViewOfTwo(), .exit_code = 1};
  outcome.failure = local::ReplicaFailure{.id = {spec::ReplicaType::kWorker, 1},
                                          .exit_code = 7,
                                          .log_path = "/home/me/out/digits/logs/worker-1.log",
                                          .last_lines = {"first", "la\x1b[31mst\t!"}};
  EXPECT_EQ(FormatFailure(outcome, "/home/me"),
            "job digits failed: worker-1 ended with exit code 7; its log is "
            "out/digits/logs/worker-1.log and ends:\n  | first\n  | last !\n");
}

TEST(CleanLineTest, CutsAtCharactersNotBytes) {
  EXPECT_EQ(CleanLine("äöü", 3), "äöü");
  EXPECT_EQ(CleanLine("äöüß", 3), "äö…");
  EXPECT_EQ(CleanLine("a\x1b[1mb\x1b", 9), "ab");
}

// What an observer writes while it is shown the view, and the end.
std::string Shown(std::unique_ptr<JobObserver> (*make)(std::FILE*), bool with_end) {
  char* text = nullptr;
  size_t size = 0;
  std::FILE* out = open_memstream(&text, &size);
  {
    const auto observer = make(out);
    const local::JobView view = ViewOfTwo();
    observer->OnNote("a note");
    observer->OnUpdate(view);
    observer->OnLog(view.replicas[0].id, "hello \xff");
    observer->OnUpdate(view);
    if (with_end) observer->OnEnd({.view = view, .exit_code = 130});
  }
  std::fclose(out);
  std::string result(text, size);
  std::free(text);
  return result;
}

TEST(PlainObserverTest, WritesALineForEachChangeOnce) {
  const auto make = [](std::FILE* out) {
    return MakePlainObserver(out, {.directory = "/home/me"});
  };
  EXPECT_EQ(Shown(make, false),
            "note: a note\n"
            "[1:05] chief-0: running (pid 12)\n"
            "[1:05] worker-1: restarting (killed by signal 9)\n"
            "[1:05] job digits: running\n"
            "[1:05] step 300/1200, loss 0.123, accuracy 98.10 %, 35.2 steps/s\n"
            "[chief-0] hello \xff\n");
}

TEST(JsonObserverTest, WritesOneObjectPerLine) {
  const std::string text =
      Shown([](std::FILE* out) { return MakeJsonObserver(out, "digits"); }, true);
  EXPECT_THAT(text, HasSubstr(R"({"event":"note","time":)"));
  EXPECT_THAT(
      text,
      HasSubstr(R"("replica":"worker-1","state":"restarting","restarts":2,"exit_code":137})"));
  EXPECT_THAT(text, HasSubstr(R"("step":300,"max_steps":1200,)"));
  EXPECT_THAT(text, HasSubstr(R"("result":"interrupted","exit_code":130,)"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 7);
}

TEST(LiveObserverTest, RedrawsItsBlockBelowTheLog) {
  const auto make = [](std::FILE* out) { return MakeLiveObserver(out, "/home/me"); };
  const std::string text = Shown(make, false);
  EXPECT_THAT(text, HasSubstr("\r\x1b[3A\x1b[J[chief-0] hello \xff\ndigits  running"));
}

}  // namespace
}  // namespace trainyard::cli

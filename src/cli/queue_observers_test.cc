#include "cli/queue_observers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "cli/job_report.h"

namespace trainyard::cli {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;

local::JobView Running(const std::string& name) {
  local::JobView view{
      .name = name, .workdir = "/home/me/out/" + name, .elapsed = milliseconds(65'000)};
  view.status.conditions.push_back({.type = job::ConditionType::kRunning});
  view.progress.step = 300;
  view.progress.max_steps = 1200;
  view.replicas.push_back({.id = {spec::ReplicaType::kWorker, 0}, .state = "running", .pid = 12});
  return view;
}

TEST(FormatCountsTest, LeavesOutWhatThereIsNone) {
  EXPECT_EQ(FormatCounts({.queued = 2, .running = 1, .failed = 3}),
            "1 running, 2 queued, 3 failed");
}

TEST(FormatQueueBlockTest, ShowsCountsAndWhatRuns) {
  const local::JobView a = Running("a");
  const local::JobView b = Running("b");
  EXPECT_THAT(
      FormatQueueBlock({&a, &b}, {.queued = 1, .running = 2}, milliseconds(9000), {100, 24}, false),
      ElementsAre("jobs  2 running, 1 queued  0:09",
                  "  a  running  [######------------------]  step 300/1200  1:05",
                  "  b  running  [######------------------]  step 300/1200  1:05"));
}

TEST(FormatQueueBlockTest, FitsTheScreen) {
  const local::JobView view = Running("a");
  const std::vector<const local::JobView*> many(50, &view);
  const auto lines = FormatQueueBlock(many, {.running = 50}, {}, {40, 10}, false);
  EXPECT_EQ(lines.size(), 8u);
  EXPECT_EQ(lines.back(), "  ... and 44 more");
  for (const std::string& line : lines) EXPECT_LE(line.size(), 42u) << line;
}

// What is shown of two jobs, one of which fails.
std::string Shown(RunOutput output) {
  char* text = nullptr;
  size_t size = 0;
  std::FILE* out = open_memstream(&text, &size);
  {
    const auto observer =
        MakeQueueObserver(output, {.out = out, .errors = out, .directory = "/home/me"}, {"a", "b"});
    observer->ObserverOf(0).OnNote("a note");
    observer->ObserverOf(0).OnUpdate(Running("a"));
    observer->ObserverOf(0).OnEvent(
        {.is_warning = true, .message = "exited", .replica = job::ReplicaId{}});
    observer->ObserverOf(0).OnLog({}, "hello");
    observer->OnRound({.queued = 1, .running = 1});
    observer->OnEnd(0,
                    local::RunOutcome{
                        .view = Running("a"), .exit_code = 130, .stop_reason = "by an interrupt"});
    observer->OnEnd(1, Result<local::RunOutcome>(NotFoundError("no program")));
    observer->OnRound({.failed = 1, .stopped = 1});
  }
  std::fclose(out);
  std::string result(text, size);
  std::free(text);
  return result;
}

TEST(QueueObserverTest, PlainLinesCarryTheJobsName) {
  EXPECT_EQ(Shown(RunOutput::kPlain),
            "a: note: a note\n"
            "[1:05] a/worker-0: running (pid 12)\n"
            "[1:05] job a: running\n"
            "[1:05] a: step 300/1200\n"
            "a: warning: worker-0: exited\n"
            "[a/worker-0] hello\n"
            "[1:05] job a stopped by an interrupt after 1:05\n"
            "trainyard run: no program\n");
}

TEST(QueueObserverTest, JsonEventsCarryTheJobsName) {
  const std::string text = Shown(RunOutput::kJson);
  EXPECT_THAT(text, HasSubstr(R"("job":"a","replica":"worker-0","state":"running")"));
  EXPECT_THAT(text, HasSubstr(R"("job":"a","type":"Warning")"));
  EXPECT_THAT(text, HasSubstr(R"("job":"a","result":"interrupted","exit_code":130)"));
  EXPECT_THAT(text,
              HasSubstr(R"("job":"b","result":"error","exit_code":1,"message":"no program")"));
}

TEST(QueueObserverTest, TheLiveBlockIsRedrawnBelowWhatHasEnded) {
  const std::string text = Shown(RunOutput::kLive);
  EXPECT_THAT(text, HasSubstr("a: note: a note\na: warning: worker-0: exited\n[a/worker-0] hello\n"
                              "jobs  1 running, 1 queued  0:00\n  a  running  "));
  EXPECT_THAT(text, HasSubstr("\r\x1b[2A\x1b[Jjob a stopped by an interrupt after 1:05\n"
                              "job b: no program\njobs  1 failed, 1 stopped"));
}

}  // namespace
}  // namespace trainyard::cli

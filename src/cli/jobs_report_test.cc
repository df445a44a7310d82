#include "cli/jobs_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/job_report.h"
#include "cli/local_source.h"
#include "local/state/timestamp.h"

namespace trainyard::cli {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const job::TimePoint kNow = *local::ParseTimestamp("2024-05-01T12:00:00Z");

JobDescription Digits() {
  JobDescription job{.name = "digits",
                     .name_space = "default",
                     .state = "Running",
                     .place = "/home/me/out/digits",
                     .file = "/home/me/tfjob.yaml",
                     .overrides = {"args.max_steps=1600"},
                     .runner = 10,
                     .created = kNow - minutes(5)};
  job.status.start_time = kNow - minutes(4);
  job.status.conditions = {{job::ConditionType::kCreated,
                            true,
                            "TFJobCreated",
                            "TFJob digits is created.",
                            {},
                            kNow - minutes(5)},
                           {job::ConditionType::kRunning,
                            true,
                            "TFJobRunning",
                            "TFJob digits is running.",
                            {},
                            kNow - seconds(30)}};
  job.replicas = {{.name = "chief-0",
                   .state = "running",
                   .pid = 12,
                   .is_running = true,
                   .last_line = "step \x1b[1m840"},
                  {.name = "worker-0", .state = "restarting", .restarts = 2, .exit_code = 137}};
  job.progress = {.step = 840, .max_steps = 1600, .loss = 0.25};
  job.spec = {{"Chief", "1 x digits, restart ExitCode"}};
  job.events = {{.time = kNow - minutes(5), .reason = "Submitted", .message = "submitted"},
                {.time = kNow - seconds(31),
                 .is_warning = true,
                 .reason = "ExitedWithCode",
                 .message = "exited with code 137",
                 .replica = "worker-0"}};
  return job;
}

TEST(FormatAgeTest, IsKubectls) {
  const std::pair<seconds, std::string_view> rows[] = {
      {seconds(-5), "0s"},         {seconds(0), "0s"},
      {seconds(119), "119s"},      {seconds(120), "2m"},
      {seconds(190), "3m10s"},     {minutes(10), "10m"},
      {minutes(179), "179m"},      {hours(3), "3h"},
      {minutes(310), "5h10m"},     {hours(8), "8h"},
      {hours(47), "47h"},          {hours(48), "2d"},
      {hours(7 * 24 + 4), "7d4h"}, {days(8), "8d"},
      {days(729), "729d"},         {days(730), "2y"},
      {days(740), "2y10d"},
  };
  for (const auto& [age, expected] : rows) EXPECT_EQ(FormatAge(age), expected);
}

TEST(FormatTableTest, AlignsColumnsByCharacters) {
  const std::vector<std::string> rows[] = {{"A", "B"}, {"äöü", "x"}, {"long", ""}};
  EXPECT_EQ(FormatTable(rows), "A      B\näöü    x\nlong\n");
}

TEST(FormatJobsTest, IsATable) {
  JobDescription other{.name = "b", .state = "Queued", .place = "/elsewhere/b", .created = kNow};
  EXPECT_EQ(FormatJobs(std::vector{Digits(), other}, false, kNow, "/home/me"),
            "NAME     STATE     REPLICAS   RESTARTS   PROGRESS         AGE   WORKDIR\n"
            "digits   Running   1/2        2          840/1600 (52%)   5m    out/digits\n"
            "b        Queued    0/0        0          -                0s    /elsewhere/b\n");
}

TEST(FormatJobsTest, WideSaysMore) {
  const std::string text = FormatJobs(std::vector{Digits()}, true, kNow, "/home/me");
  EXPECT_THAT(text, HasSubstr("CREATED                PID   FILE\n"));
  EXPECT_THAT(text, HasSubstr("2024-05-01T11:55:00Z   10    tfjob.yaml\n"));
}

TEST(FormatJobNamesTest, GivesEachNameOnce) {
  EXPECT_EQ(FormatJobNames(std::vector{Digits(), Digits()}), "digits\n");
  EXPECT_EQ(FormatJobNames({}), "");
}

TEST(FormatJobsJsonTest, HoldsWhatTheTableSays) {
  const std::string text = FormatJobsJson(std::vector{Digits()});
  EXPECT_THAT(text, HasSubstr(R"("name": "digits")"));
  EXPECT_THAT(text, HasSubstr(R"("step": 840)"));
  EXPECT_THAT(text, HasSubstr(R"("exit_code": 137)"));
  EXPECT_EQ(FormatJobsJson({}), "{\n  \"items\": []\n}\n");
  EXPECT_THAT(FormatDescriptionJson(Digits()), HasSubstr(R"("reason": "ExitedWithCode")"));
}

TEST(FormatDescriptionTest, ShowsEverything) {
  EXPECT_EQ(FormatDescription(Digits(), kNow, "/home/me"),
            "Name:         digits\n"
            "Namespace:    default\n"
            "State:        Running\n"
            "Workdir:      out/digits\n"
            "File:         tfjob.yaml --set args.max_steps=1600\n"
            "Process:      10\n"
            "Created:      2024-05-01T11:55:00Z (5m ago)\n"
            "Started:      2024-05-01T11:56:00Z (4m ago)\n"
            "Progress:     step 840/1600, loss 0.25\n"
            "Spec:\n"
            "  Chief:      1 x digits, restart ExitCode\n"
            "Conditions:\n"
            "  TYPE      STATUS   REASON         AGE   MESSAGE\n"
            "  Created   True     TFJobCreated   5m    TFJob digits is created.\n"
            "  Running   True     TFJobRunning   30s   TFJob digits is running.\n"
            "Replicas:\n"
            "  NAME       STATE        RESTARTS   EXIT CODE   PID   LAST LINE\n"
            "  chief-0    running      0          -           12    step 840\n"
            "  worker-0   restarting   2          137         -\n"
            "Events:\n"
            "  TYPE      REASON           AGE   FROM       MESSAGE\n"
            "  Normal    Submitted        5m    job        submitted\n"
            "  Warning   ExitedWithCode   31s   worker-0   exited with code 137\n");
}

TEST(FormatDescriptionTest, SaysWhatAStateMeans) {
  const JobDescription job{.name = "a", .state = "Interrupted", .state_note = "it was killed"};
  EXPECT_THAT(FormatDescription(job, kNow, "/"),
              HasSubstr("State:        Interrupted: it was killed\n"));
  EXPECT_THAT(FormatDescription(job, kNow, "/"), HasSubstr("Events:       <none>\n"));
  EXPECT_THAT(FormatDescription(job, kNow, "/"), HasSubstr("Created:      <unknown>\n"));
}

local::LocalJob LocalJobNamed(const std::string& name, const std::string& workdir) {
  local::LocalJob job{.workdir = workdir, .situation = local::Situation::kKilled};
  job.record.name = name;
  job.record.runner.pid = 5;
  return job;
}

TEST(SummariseTest, AKilledRunIsInterruptedAndSaysHowToGoOn) {
  local::LocalJob job = LocalJobNamed("digits", "/out/digits");
  job.record.replicas = {{.id = {spec::ReplicaType::kWorker, 0}, .state = "running", .pid = 9}};
  const JobDescription summary = Summarise(job);
  EXPECT_EQ(summary.state, "Interrupted");
  EXPECT_THAT(summary.state_note, HasSubstr("(pid 5) was killed"));
  EXPECT_THAT(summary.state_note, HasSubstr("trainyard run --resume digits"));
  EXPECT_EQ(summary.runner, 0);
  EXPECT_EQ(summary.num_running(), 0);
  EXPECT_EQ(summary.replicas[0].state, "killed");
}

TEST(ChooseJobTest, FindsTheOnlyOne) {
  const std::vector jobs = {LocalJobNamed("a", "/x/a"), LocalJobNamed("b", "/x/b")};
  EXPECT_EQ(ChooseJob(jobs, "b")->workdir, "/x/b");
}

TEST(ChooseJobTest, NamesTheChoicesAndWhatLooksAlike) {
  const std::vector jobs = {LocalJobNamed("digits", "/x/a"), LocalJobNamed("digits", "/y/a")};
  EXPECT_EQ(ChooseJob(jobs, "digits").status().message(),
            "there are 2 local jobs \"digits\"; choose one with --workdir /x/a or --workdir /y/a");
  EXPECT_THAT(ChooseJob(jobs, "digit").status().message(), HasSubstr("did you mean digits?"));
  EXPECT_THAT(ChooseJob({}, "digit").status().message(), HasSubstr("trainyard jobs --local"));
}

TEST(NearNamesTest, AreFewAndLikeTheOneGiven) {
  const std::vector<std::string> names = {"digits", "digits-2", "diggits", "mnist", "digits"};
  EXPECT_THAT(NearNames("digit", names), ElementsAre("digits", "diggits", "digits-2"));
  EXPECT_THAT(NearNames("imagenet", names), IsEmpty());
}

}  // namespace
}  // namespace trainyard::cli

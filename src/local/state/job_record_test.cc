#include "local/state/job_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "local/state/timestamp.h"

namespace trainyard::local {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

const job::TimePoint kNow = *ParseTimestamp("2024-05-01T12:03:07.250Z");

TEST(TimestampTest, IsRfc3339) {
  EXPECT_EQ(FormatTimestamp(kNow), "2024-05-01T12:03:07Z");
  EXPECT_EQ(FormatTimestampMillis(kNow), "2024-05-01T12:03:07.250Z");
  EXPECT_EQ(FormatTimestamp({}), "1970-01-01T00:00:00Z");
  EXPECT_EQ(ParseTimestamp("2024-05-01T14:03:07.25+02:00"), kNow);
  EXPECT_EQ(ParseTimestamp("2024-02-29T23:59:59Z"), ParseTimestamp("2024-03-01T00:59:59+01:00"));
  EXPECT_EQ(ParseTimestamp("1969-12-31T23:59:59.5Z"), job::TimePoint() - milliseconds(500));
}

TEST(TimestampTest, OtherTextIsNone) {
  for (const char* text : {"", "now", "2024-05-01", "2024-05-01T12:03:07", "2024-02-30T00:00:00Z",
                           "2024-05-01T24:00:00Z", "2024-05-01T12:03:07.Z", "9999-01-01T00:00:00Z",
                           "2024-05-01T12:03:07Zx", "2024-05-01T12:03:07+2"}) {
    EXPECT_FALSE(ParseTimestamp(text)) << text;
  }
}

JobRecord FullRecord() {
  JobRecord record;
  record.name = "digits";
  record.name_space = "team";
  record.stage = Stage::kActive;
  record.submitted_at = kNow;
  record.updated_at = kNow + milliseconds(1);
  record.runner = {42, 4711};
  record.stop_reason = "by an interrupt";
  record.ttl_seconds_after_finished = 60;
  record.submission = {.file = "/home/me/job.yaml",
                       .directory = "/home/me",
                       .overrides = {"args.max_steps=5"},
                       .images = {{"trainer:1", "/opt/trainer"}},
                       .volumes = {{"data", "/data"}},
                       .logs = {.max_bytes = 1000, .max_files = 2},
                       .enforce_limits = false};
  const job::TimePoint second = std::chrono::floor<seconds>(kNow);
  record.status.conditions = {
      {job::ConditionType::kCreated, true, "TFJobCreated", "created", second, second},
      {job::ConditionType::kRunning, false, "TFJobRunning", "\"ran\"\n", second, second}};
  record.status.replica_counts[spec::ReplicaType::kWorker] = {.active = 1, .failed = 2};
  record.status.start_time = second;
  record.status.completion_time = second + seconds(5);
  record.status.is_limit_exceeded = true;
  const job::ReplicaId worker{spec::ReplicaType::kWorker, 1};
  record.status.replicas[worker] = {.state = job::ReplicaState::kWaiting,
                                    .instance = 3,
                                    .restarts = 5,
                                    .in_place_restarts = 1,
                                    .quick_failures = 2,
                                    .exit_code = 137,
                                    .has_run = true,
                                    .is_stuck_told = true,
                                    .start_after = kNow,
                                    .since = kNow};
  record.replicas = {{.id = worker,
                      .state = "restarting",
                      .pid = 77,
                      .restarts = 5,
                      .exit_code = 137,
                      .has_ended = true,
                      .message = "last words"}};
  record.progress = {.phase = "training", .step = 840, .max_steps = 1600, .loss = 0.25};
  return record;
}

TEST(JobRecordTest, ComesBackWhole) {
  const JobRecord record = FullRecord();
  const auto read = ParseJobRecord(FormatJobRecord(record), "status.json");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->name, record.name);
  EXPECT_EQ(read->name_space, record.name_space);
  EXPECT_EQ(read->stage, record.stage);
  EXPECT_EQ(read->submitted_at, record.submitted_at);
  EXPECT_EQ(read->updated_at, record.updated_at);
  EXPECT_EQ(read->runner, record.runner);
  EXPECT_EQ(read->stop_reason, record.stop_reason);
  EXPECT_EQ(read->ttl_seconds_after_finished, record.ttl_seconds_after_finished);
  EXPECT_EQ(read->submission, record.submission);
  EXPECT_EQ(read->status, record.status);
  EXPECT_EQ(read->progress, record.progress);
  ASSERT_EQ(read->replicas.size(), 1u);
  EXPECT_EQ(read->replicas[0].id.Name(), "worker-1");
  EXPECT_EQ(read->replicas[0].state, "restarting");
  EXPECT_EQ(read->replicas[0].pid, 77);
  EXPECT_EQ(read->replicas[0].message, "last words");
  EXPECT_TRUE(read->replicas[0].has_ended);
}

TEST(JobRecordTest, AReplicaThatTheJobHasNoMoreIsOnlyRemembered) {
  JobRecord record = FullRecord();
  record.status.replicas[{spec::ReplicaType::kWorker, 7}].restarts = 4;
  const auto read = ParseJobRecord(FormatJobRecord(record), "status.json");
  EXPECT_EQ(read->status, record.status);
  EXPECT_EQ(read->replicas.size(), 1u);
}

TEST(JobRecordTest, IsReadFromOlderAndNewerVersions) {
  const auto old = ParseJobRecord(R"({"name":"a"})", "f");
  ASSERT_TRUE(old.ok());
  EXPECT_EQ(old->name_space, "default");
  const auto young = ParseJobRecord(
      R"({"formatVersion":9,"name":"a","stage":"Dreaming","status":{"conditions":[)"
      R"({"type":"Enlightened","status":"True"},{"type":"Running","status":"True","mood":1},3]},)"
      R"("replicas":[{"name":"wizard-0"},{"name":"worker-0","state":5}],"colour":{"a":[1]}})",
      "f");
  ASSERT_TRUE(young.ok());
  ASSERT_EQ(young->status.conditions.size(), 1u);
  EXPECT_TRUE(young->status.Is(job::ConditionType::kRunning));
}

TEST(JobRecordTest, AnyPieceOfARecordIsReadOrRefusedInOneLine) {
  const std::string whole = FormatJobRecord(FullRecord());
  for (size_t size = 0; size + 2 < whole.size(); ++size) {
    const auto read = ParseJobRecord(std::string_view(whole).substr(0, size), "status.json");
    ASSERT_FALSE(read.ok());
    EXPECT_EQ(read.status().code(), StatusCode::kDataLoss);
    EXPECT_THAT(read.status().message(), HasSubstr("status.json is damaged"));
    EXPECT_EQ(read.status().message().find('\n'), std::string::npos);
  }
  for (const char* text : {"[]", "3", "{}", R"({"name":3})", "\xff\xfe", "null"}) {
    EXPECT_FALSE(ParseJobRecord(text, "f").ok()) << text;
  }
}

TEST(JobRecordTest, BytesThatAreNoTextDoNoHarm) {
  JobRecord record = FullRecord();
  record.replicas[0].message = "caf\xe9 \xff";
  EXPECT_TRUE(ParseJobRecord(FormatJobRecord(record), "f").ok());
}

TEST(HistoryEventTest, ComesBackWhole) {
  const HistoryEvent event{.time = kNow,
                           .is_warning = true,
                           .reason = "ExitedWithCode",
                           .message = "Pod: a exited with code 1",
                           .replica = "worker-1"};
  EXPECT_EQ(ParseHistoryEvent(FormatHistoryEvent(event)), event);
  EXPECT_FALSE(ParseHistoryEvent("{\"time\":"));
  EXPECT_FALSE(ParseHistoryEvent("[]"));
}

TEST(ReplicaNameTest, IsTypeAndNumber) {
  EXPECT_EQ(ParseReplicaName("worker-12"), (job::ReplicaId{spec::ReplicaType::kWorker, 12}));
  for (const char* name : {"", "worker", "worker-", "worker-x", "worker--1", "wizard-0", "-1"}) {
    EXPECT_FALSE(ParseReplicaName(name)) << name;
  }
}

}  // namespace
}  // namespace trainyard::local

#include "local/state/go_on.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "job/plan.h"
#include "local/state/timestamp.h"

namespace trainyard::local {
namespace {

using testing::HasSubstr;

const job::TimePoint kNow = *ParseTimestamp("2024-05-01T12:30:00Z");
const job::ReplicaId kChief{spec::ReplicaType::kChief, 0};
const job::ReplicaId kWorker{spec::ReplicaType::kWorker, 0};

spec::TFJob Digits() {
  spec::TFJob job;
  job.name = "digits";
  job.replicas[spec::ReplicaType::kChief];
  job.replicas[spec::ReplicaType::kWorker];
  return job;
}

// The worker has succeeded, the chief was at work for the third time.
JobRecord Earlier(Stage stage) {
  JobRecord record;
  record.name = "digits";
  record.stage = stage;
  record.submitted_at = kNow - std::chrono::hours(1);
  record.updated_at = kNow - std::chrono::minutes(27);
  record.progress.step = 840;
  job::SetCreated(Digits(), record.submitted_at, &record.status);
  job::SetRunning(Digits(), record.submitted_at, &record.status);
  record.status.start_time = record.submitted_at;
  record.status.replicas[kChief] = {
      .state = job::ReplicaState::kStarted, .instance = 2, .restarts = 2, .has_run = true};
  record.status.replicas[kWorker] = {.state = job::ReplicaState::kSucceeded, .instance = 0};
  return record;
}

TEST(PlanBeginningTest, AJobWithoutAPastBeginsAnew) {
  const Beginning beginning = PlanBeginning(Digits(), std::nullopt, kNow);
  EXPECT_FALSE(beginning.goes_on);
  EXPECT_EQ(beginning.note, "");
  EXPECT_EQ(beginning.record.submitted_at, kNow);
  EXPECT_EQ(beginning.record.stage, Stage::kQueued);
  ASSERT_EQ(beginning.record.replicas.size(), 2u);
  EXPECT_EQ(beginning.record.replicas[0].state, "waiting");
  EXPECT_EQ(beginning.event.reason, "Submitted");
}

TEST(PlanBeginningTest, AKilledRunIsToldOfAndGoneOnWith) {
  const Beginning beginning = PlanBeginning(Digits(), Earlier(Stage::kActive), kNow);
  EXPECT_TRUE(beginning.goes_on);
  EXPECT_EQ(beginning.note,
            fmt::format("the last run of digits was killed at {}, step 840; going on",
                        FormatClock(kNow - std::chrono::minutes(27), kNow)));
  EXPECT_TRUE(beginning.event.is_warning);
  EXPECT_EQ(beginning.record.submitted_at, kNow - std::chrono::hours(1));
  EXPECT_EQ(beginning.record.progress.step, 840);
}

TEST(PlanBeginningTest, SaysHowTheLastRunEnded) {
  EXPECT_THAT(PlanBeginning(Digits(), Earlier(Stage::kStopped), kNow).note,
              HasSubstr("was stopped at"));
  EXPECT_THAT(PlanBeginning(Digits(), Earlier(Stage::kQueued), kNow).note,
              HasSubstr("while it waited in the queue"));
  JobRecord suspended = Earlier(Stage::kEnded);
  job::SetSuspended(Digits(), kNow, &suspended.status);
  EXPECT_EQ(PlanBeginning(Digits(), suspended, kNow).note, "");
  EXPECT_TRUE(PlanBeginning(Digits(), suspended, kNow).goes_on);
}

TEST(PlanBeginningTest, AFinishedJobBeginsAnew) {
  JobRecord earlier = Earlier(Stage::kEnded);
  job::SetSucceeded(Digits(), kNow, &earlier.status);
  const Beginning beginning = PlanBeginning(Digits(), earlier, kNow);
  EXPECT_FALSE(beginning.goes_on);
  EXPECT_TRUE(beginning.record.status.conditions.empty());
}

TEST(PlanBeginningTest, AnotherJobInTheSameDirectoryGivesWay) {
  spec::TFJob other = Digits();
  other.name = "other";
  const Beginning beginning = PlanBeginning(other, Earlier(Stage::kStopped), kNow);
  EXPECT_FALSE(beginning.goes_on);
  EXPECT_EQ(beginning.note, "the record of job digits, which had not finished, gives way to other");
}

TEST(StatusToGoOnWithTest, FinishedReplicasStayAndTheOthersRunAgainWhichIsNoRestart) {
  const job::JobStatus status = StatusToGoOnWith(Earlier(Stage::kActive).status);
  EXPECT_EQ(status.replicas.at(kWorker).state, job::ReplicaState::kSucceeded);
  EXPECT_EQ(status.replicas.at(kChief).instance, 3);
  EXPECT_EQ(status.total_restarts(), 2);
  EXPECT_FALSE(status.Is(job::ConditionType::kRunning));
  const job::PlanResult plan = job::Plan(Digits(), status, {}, kNow);
  EXPECT_EQ(plan.actions, (std::vector<job::Action>{{job::Action::Kind::kStart, kChief, 3}}));
  EXPECT_EQ(plan.status.total_restarts(), 2);
}

TEST(StatusToGoOnWithTest, TheDeadlineCountsFromNow) {
  spec::TFJob job = Digits();
  job.run_policy.active_deadline_seconds = 60;
  const job::JobStatus status = StatusToGoOnWith(Earlier(Stage::kActive).status);
  EXPECT_FALSE(job::Plan(job, status, {}, kNow).status.is_finished());
}

TEST(StoppedStatusTest, EndsRunning) {
  const job::JobStatus status =
      StoppedStatus(Earlier(Stage::kActive).status, "TFJob digits was stopped.", kNow);
  EXPECT_FALSE(status.Is(job::ConditionType::kRunning));
  EXPECT_EQ(status.Find(job::ConditionType::kRunning)->reason, "TFJobStopped");
  EXPECT_TRUE(status.Is(job::ConditionType::kCreated));
}

}  // namespace
}  // namespace trainyard::local

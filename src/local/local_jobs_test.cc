// Real runs in processes of their own, looked at and ended from here.
#include "local/local_jobs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "base/files.h"
#include "local/job_logs.h"
#include "local/job_queue.h"
#include "local/runner.h"
#include "local/state/store.h"
#include "local/state/workdir.h"

namespace trainyard::local {
namespace {

using job::ConditionType;
using spec::ReplicaType;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr job::TimePoint kNow{std::chrono::hours(1000)};

job::JobStatus StatusWith(ConditionType type) {
  job::JobStatus status;
  status.conditions.push_back({.type = type});
  status.completion_time = kNow;
  return status;
}

TEST(SituationTest, FollowsFromRecordLockAndRunner) {
  struct Row {
    Stage stage;
    ConditionType condition;
    bool is_locked;
    bool is_alive;
    Situation expected;
  };
  const Row rows[] = {
      {Stage::kQueued, ConditionType::kCreated, false, true, Situation::kQueued},
      {Stage::kQueued, ConditionType::kCreated, false, false, Situation::kKilled},
      {Stage::kActive, ConditionType::kRunning, true, true, Situation::kRunning},
      {Stage::kActive, ConditionType::kRunning, true, false, Situation::kStopping},
      {Stage::kActive, ConditionType::kRunning, false, false, Situation::kKilled},
      {Stage::kActive, ConditionType::kRunning, false, true, Situation::kKilled},
      {Stage::kStopped, ConditionType::kRunning, false, false, Situation::kStopped},
      {Stage::kEnded, ConditionType::kSucceeded, true, true, Situation::kSucceeded},
      {Stage::kEnded, ConditionType::kFailed, false, false, Situation::kFailed},
      {Stage::kEnded, ConditionType::kSuspended, false, false, Situation::kSuspended},
  };
  for (const Row& row : rows) {
    const JobRecord record{.stage = row.stage, .status = StatusWith(row.condition)};
    EXPECT_EQ(SituationOf(record, row.is_locked, row.is_alive), row.expected)
        << StageName(row.stage) << row.is_locked << row.is_alive;
  }
}

TEST(ExpiryTest, CountsFromTheEndOfAFinishedJob) {
  JobRecord record{.stage = Stage::kEnded,
                   .ttl_seconds_after_finished = 60,
                   .status = StatusWith(ConditionType::kSucceeded)};
  EXPECT_FALSE(IsExpired(record, kNow + std::chrono::seconds(59)));
  EXPECT_TRUE(IsExpired(record, kNow + std::chrono::seconds(60)));
  record.ttl_seconds_after_finished.reset();
  EXPECT_FALSE(IsExpired(record, kNow + std::chrono::hours(9999)));
  record.ttl_seconds_after_finished = 0;
  record.stage = Stage::kStopped;
  EXPECT_FALSE(IsExpired(record, kNow + std::chrono::seconds(1)));
}

TEST(PreviousInstanceTest, StandsBetweenTheLastTwoBeginnings) {
  const std::string start = "----- trainyard: 2024-05-01 12:03:07 start of worker-0";
  const std::string first = "----- trainyard: 2024-05-01 12:03:08 restart 1 of worker-0";
  const std::string second = "----- trainyard: 2024-05-01 12:03:09 restart 2 of worker-0";
  EXPECT_THAT(PreviousInstance({start, "a"}), IsEmpty());
  EXPECT_THAT(PreviousInstance({}), IsEmpty());
  EXPECT_THAT(PreviousInstance({start, "a", first, "b", second, "c"}), ElementsAre(first, "b"));
}

// Polls until the condition holds; false after a minute.
bool Eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    poll(nullptr, 0, 5);
  }
  return true;
}

class Silent : public RunObserver {
 public:
  void OnUpdate(const JobView& view) override { last = view; }
  void OnLog(const job::ReplicaId&, std::string_view) override {}
  void OnNote(std::string_view note) override { notes.emplace_back(note); }
  void OnEvent(const job::Event&) override {}

  JobView last;
  std::vector<std::string> notes;
};

class SilentQueue : public QueueObserver {
 public:
  RunObserver& ObserverOf(size_t) override { return silent_; }
  void OnEnd(size_t, const Result<RunOutcome>&) override {}
  void OnRound(const QueueCounts&) override {}

 private:
  Silent silent_;
};

class LocalJobsTest : public testing::Test {
 protected:
  ~LocalJobsTest() override {
    if (runner_ > 0) {
      kill(runner_, SIGKILL);
      waitpid(runner_, nullptr, 0);
    }
  }

  std::string Path(const std::string& name) { return JoinPath(directory_.path(), name); }
  bool Exists(const std::string& name) { return PathExists(Path(name)); }
  Registry registry() { return Registry(Path("state")); }

  // A job of one worker that runs the script, with $DIR to talk through.
  JobToRun Job(const std::string& name, const std::string& script) {
    JobToRun job;
    job.job.name = name;
    spec::ReplicaSpec& worker = job.job.replicas[ReplicaType::kWorker];
    worker.pod.container.command = {"sh", "-c", script};
    worker.pod.container.env = {{.name = "DIR", .value = directory_.path()}};
    job.options.workdir = Path(name);
    job.options.state_directory = Path("state");
    job.options.tick = std::chrono::milliseconds(20);
    return job;
  }

  // Runs the jobs one after another in a process of its own.
  void StartElsewhere(const std::vector<JobToRun>& jobs) {
    runner_ = fork();
    ASSERT_GE(runner_, 0);
    if (runner_ != 0) return;
    SilentQueue observer;
    const auto tick = std::chrono::milliseconds(20);
    const auto outcomes = RunJobs(jobs, {.max_parallel = 1, .tick = tick}, observer);
    _exit(outcomes.front().ok() ? outcomes.front()->exit_code : 99);
  }

  int ExitCodeElsewhere() {
    int status = 0;
    waitpid(std::exchange(runner_, -1), &status, 0);
    return WEXITSTATUS(status);
  }

  Situation SituationNow(const std::string& name) {
    const auto job = LookAtJob(Path(name));
    return job.ok() ? job->situation : Situation::kUnreadable;
  }

  TemporaryDirectory directory_;
  pid_t runner_ = -1;
};

constexpr const char* kUntilTerm =
    "trap 'echo saved > $DIR/saved; exit 0' TERM; echo > $DIR/up; while :; do sleep 0.01; done";

TEST_F(LocalJobsTest, ARunningJobIsSeenFromAnotherProcess) {
  StartElsewhere({Job("a", kUntilTerm)});
  ASSERT_TRUE(Eventually([&] { return SituationNow("a") == Situation::kRunning && Exists("up"); }));
  ASSERT_TRUE(Eventually([&] { return LookAtJob(Path("a"))->record.replicas[0].pid > 0; }));
  const auto jobs = ListJobs(registry(), kNow);
  ASSERT_EQ(jobs.size(), 1u);
  EXPECT_EQ(jobs[0].record.name, "a");
  EXPECT_EQ(jobs[0].record.runner.pid, runner_);
}

TEST_F(LocalJobsTest, ARunningJobIsDeletedFromAnotherProcess) {
  StartElsewhere({Job("a", kUntilTerm)});
  ASSERT_TRUE(Eventually([&] { return SituationNow("a") == Situation::kRunning && Exists("up"); }));
  ASSERT_TRUE(WriteFileAtomically(Path("a/result"), "x").ok());
  const Status deleted = DeleteJob(*LookAtJob(Path("a")), registry(), std::chrono::minutes(1));
  EXPECT_TRUE(deleted.ok()) << deleted;
  EXPECT_TRUE(Exists("saved"));
  EXPECT_EQ(ExitCodeElsewhere(), 130);
  EXPECT_THAT(*ListDirectory(Path("a")), ElementsAre("result"));
  EXPECT_THAT(ListJobs(registry(), kNow), IsEmpty());
}

TEST_F(LocalJobsTest, OneJobOfAQueueIsDeletedAndTheOthersGoOn) {
  StartElsewhere({Job("a", "while ! test -e $DIR/go; do sleep 0.01; done"), Job("b", "true"),
                  Job("c", "echo > $DIR/c-ran")});
  ASSERT_TRUE(Eventually([&] { return SituationNow("c") == Situation::kQueued; }));
  ASSERT_TRUE(Eventually([&] { return SituationNow("a") == Situation::kRunning; }));
  EXPECT_TRUE(DeleteJob(*LookAtJob(Path("b")), registry(), std::chrono::minutes(1)).ok());
  ASSERT_TRUE(WriteFileAtomically(Path("go"), "").ok());
  EXPECT_EQ(ExitCodeElsewhere(), 0);
  EXPECT_TRUE(Exists("c-ran"));
  EXPECT_FALSE(Exists("b"));
}

TEST_F(LocalJobsTest, ADeletionThatTakesTooLongSaysWhoRunsTheJob) {
  StartElsewhere({Job("a", "trap '' TERM; echo > $DIR/up; while :; do sleep 0.01; done")});
  ASSERT_TRUE(Eventually([&] { return SituationNow("a") == Situation::kRunning && Exists("up"); }));
  const Status deleted = DeleteJob(*LookAtJob(Path("a")), registry(), std::chrono::milliseconds(1));
  EXPECT_EQ(deleted.code(), StatusCode::kDeadlineExceeded);
  EXPECT_THAT(deleted.message(), HasSubstr(fmt::format("kill -9 {}", runner_)));
  EXPECT_TRUE(Exists("a/.trainyard/status.json"));
}

TEST_F(LocalJobsTest, AKilledRunShowsAndIsGoneOnWith) {
  // The first time the chief waits to be killed; the worker has succeeded by then.
  JobToRun job = Job("a", "echo x >> $DIR/worker-ran");
  spec::ReplicaSpec& chief = job.job.replicas[ReplicaType::kChief];
  chief = job.job.replicas[ReplicaType::kWorker];
  chief.pod.container.command.back() =
      "echo '{\"phase\":\"training\",\"step\":840}' >> $TRAINYARD_PROGRESS_FILE; "
      "if mkdir $DIR/first 2>/dev/null; then exec sleep 1000; fi";
  StartElsewhere({job});
  ASSERT_TRUE(Eventually([&] {
    const auto seen = LookAtJob(Path("a"));
    if (!seen.ok() || !Exists("first")) return false;
    const auto& memory = seen->record.status.replicas;
    const auto worker = memory.find({ReplicaType::kWorker, 0});
    return worker != memory.end() && worker->second.state == job::ReplicaState::kSucceeded &&
           seen->record.progress.step == 840;
  }));
  ASSERT_GT(runner_, 1);  // never kill(-1)
  kill(runner_, SIGKILL);
  waitpid(std::exchange(runner_, -1), nullptr, 0);
  ASSERT_TRUE(Eventually([&] { return SituationNow("a") == Situation::kKilled; }));

  Silent observer;
  job.options.must_go_on = true;
  const auto outcome = RunJob(job.job, job.options, observer);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->exit_code, 0);
  EXPECT_EQ(outcome->view.status.total_restarts(), 0);
  ASSERT_FALSE(observer.notes.empty());
  EXPECT_THAT(observer.notes.front(), HasSubstr("the last run of a was killed at "));
  EXPECT_THAT(observer.notes.front(), HasSubstr(", step 840; going on"));
  EXPECT_EQ(*ReadFile(Path("worker-ran")), "x\n");
  EXPECT_EQ(SituationNow("a"), Situation::kSucceeded);

  // What has finished is not gone on with; a plain run begins anew.
  EXPECT_THAT(RunJob(job.job, job.options, observer).status().message(),
              HasSubstr("cannot go on with a: it has finished"));
  job.options.must_go_on = false;
  EXPECT_TRUE(RunJob(job.job, job.options, observer).ok());
  EXPECT_EQ(*ReadFile(Path("worker-ran")), "x\nx\n");
  EXPECT_TRUE(Exists("a/logs/previous/chief-0.log"));
}

TEST_F(LocalJobsTest, ResumingNeedsAnEarlierRun) {
  JobToRun job = Job("a", "true");
  job.options.must_go_on = true;
  Silent observer;
  EXPECT_THAT(RunJob(job.job, job.options, observer).status().message(),
              HasSubstr("cannot go on: there is no job in " + Path("a")));
}

TEST_F(LocalJobsTest, ADamagedRecordIsSaidAndReplaced) {
  ASSERT_TRUE(MakeDirectories(Path("a/.trainyard")).ok());
  ASSERT_TRUE(WriteFileAtomically(Path("a/.trainyard/status.json"), "{\"na").ok());
  ASSERT_TRUE(registry().Add(Path("a")).ok());
  const auto jobs = ListJobs(registry(), kNow);
  ASSERT_EQ(jobs.size(), 1u);
  EXPECT_EQ(jobs[0].situation, Situation::kUnreadable);
  EXPECT_EQ(jobs[0].record.name, "a");
  EXPECT_THAT(jobs[0].problem, HasSubstr("is damaged"));
  const JobToRun job = Job("a", "true");
  Silent observer;
  EXPECT_TRUE(RunJob(job.job, job.options, observer).ok());
  EXPECT_THAT(observer.notes, ElementsAre(HasSubstr("a new record is begun")));
}

TEST_F(LocalJobsTest, ASuspendedJobStartsNothingUntilItIsResumed) {
  JobToRun job = Job("a", "echo > $DIR/ran");
  job.job.run_policy.suspend = true;
  Silent observer;
  auto outcome = RunJob(job.job, job.options, observer);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_TRUE(outcome->is_suspended);
  EXPECT_EQ(outcome->exit_code, 0);
  EXPECT_FALSE(Exists("ran"));
  EXPECT_EQ(SituationNow("a"), Situation::kSuspended);
  job.job.run_policy.suspend = false;
  job.options.must_go_on = true;
  outcome = RunJob(job.job, job.options, observer);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_TRUE(Exists("ran"));
  EXPECT_EQ(outcome->view.status.Find(ConditionType::kSuspended)->reason, "TFJobResumed");
}

TEST_F(LocalJobsTest, AJobThatCannotStartHasFailed) {
  JobToRun job = Job("a", "true");
  job.job.replicas[ReplicaType::kWorker].pod.container.command = {"no-such-program"};
  Silent observer;
  EXPECT_FALSE(RunJob(job.job, job.options, observer).ok());
  const auto seen = LookAtJob(Path("a"));
  EXPECT_EQ(seen->situation, Situation::kFailed);
  EXPECT_THAT(seen->record.status.Find(ConditionType::kFailed)->message,
              HasSubstr("no-such-program"));
}

TEST_F(LocalJobsTest, ExpiredJobsAreRemovedByWhoLooks) {
  JobToRun job = Job("a", "true");
  job.job.run_policy.ttl_seconds_after_finished = 100;
  Silent observer;
  ASSERT_TRUE(RunJob(job.job, job.options, observer).ok());
  const auto now = std::chrono::system_clock::now();
  EXPECT_EQ(ListJobs(registry(), now).size(), 1u);
  EXPECT_THAT(ListJobs(registry(), now + std::chrono::seconds(101)), IsEmpty());
  EXPECT_FALSE(Exists("a"));
}

TEST_F(LocalJobsTest, LogsAreMergedFromEveryRestart) {
  JobToRun job = Job("a", "echo out $TRAINYARD_REPLICA; if mkdir $DIR/once; then exit 1; fi");
  job.job.replicas[ReplicaType::kWorker].restart_policy = spec::RestartPolicy::kOnFailure;
  job.options.plan.restart_delays.first = std::chrono::milliseconds(1);
  Silent observer;
  ASSERT_TRUE(RunJob(job.job, job.options, observer).ok());
  std::vector<std::string> lines;
  const auto take = [&](const job::ReplicaId& id, std::string_view line) {
    if (!line.starts_with("-----")) lines.push_back(fmt::format("{}: {}", id.Name(), line));
  };
  JobLogs(Path("a"), {}).Poll(take);
  EXPECT_EQ(std::count(lines.begin(), lines.end(), "worker-0: out worker-0"), 2);
  lines.clear();
  JobLogs(Path("a"), {.previous = true}).Poll(take);
  EXPECT_THAT(lines, ElementsAre("worker-0: out worker-0"));
  lines.clear();
  JobLogs(Path("a"), {.tail = 1}).Poll(take);
  EXPECT_EQ(lines.size(), 1u);
}

TEST_F(LocalJobsTest, LogsAreFollowedAcrossRotation) {
  ASSERT_TRUE(MakeDirectories(Path("a/logs")).ok());
  const std::string log = Path("a/logs/worker-0.log");
  ASSERT_TRUE(WriteFileAtomically(log + ".1", "one\n").ok());
  ASSERT_TRUE(WriteFileAtomically(log, "two\n").ok());
  std::vector<std::string> lines;
  const auto take = [&](const job::ReplicaId&, std::string_view line) { lines.emplace_back(line); };
  JobLogs logs(Path("a"), {});
  logs.Poll(take);
  EXPECT_THAT(lines, ElementsAre("one", "two"));
  ASSERT_TRUE(RenamePath(log + ".1", log + ".2").ok());
  ASSERT_TRUE(RenamePath(log, log + ".1").ok());
  ASSERT_TRUE(WriteFileAtomically(log, "three\nfour").ok());
  logs.Poll(take);
  logs.Flush(take);
  EXPECT_THAT(lines, ElementsAre("one", "two", "three", "four"));
}

// Queues

class Counter : public SilentQueue {
 public:
  void OnRound(const QueueCounts& counts) override {
    most = std::max(most, counts.running);
    last = counts;
    if (on_round) on_round();
  }
  void OnEnd(size_t number, const Result<RunOutcome>&) override { ended.push_back(number); }

  std::function<void()> on_round;
  std::vector<size_t> ended;
  int most = 0;
  QueueCounts last;
};

TEST_F(LocalJobsTest, AQueueKeepsOrderAndLimit) {
  std::vector<JobToRun> jobs;
  for (int i = 0; i < 6; ++i) {
    jobs.push_back(Job(fmt::format("j{}", i), fmt::format("echo {} >> $DIR/order", i)));
  }
  Counter counter;
  RunJobs(jobs, {.max_parallel = 1}, counter);
  EXPECT_EQ(counter.most, 1);
  EXPECT_THAT(counter.ended, ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_EQ(*ReadFile(Path("order")), "0\n1\n2\n3\n4\n5\n");
}

TEST_F(LocalJobsTest, AQueueRunsAsManyAtOnceAsItMay) {
  // Each waits until three are there, and the queue has told; a fourth would be one too many.
  std::vector<JobToRun> jobs;
  for (int i = 0; i < 6; ++i) {
    jobs.push_back(Job(fmt::format("j{}", i),
                       "touch $DIR/up-$$$$; while [ $(ls $DIR | grep -c up-) -lt 3 ] || ! test -e "
                       "$DIR/told; do sleep 0.01; done"));
  }
  Counter counter;
  counter.on_round = [&] {
    if (counter.last.running == 3) (void)WriteFileAtomically(Path("told"), "");
  };
  RunJobs(jobs, {.max_parallel = 3}, counter);
  EXPECT_EQ(counter.most, 3);
  EXPECT_EQ(counter.last, (QueueCounts{.succeeded = 6}));
}

TEST_F(LocalJobsTest, AFailureDoesNotKeepTheOthersFromRunning) {
  JobToRun missing = Job("b", "");
  missing.job.replicas[ReplicaType::kWorker].pod.container.command = {"no-such-program"};
  Counter counter;
  const auto outcomes =
      RunJobs({Job("a", "exit 3"), missing, Job("c", "true")}, {.max_parallel = 1}, counter);
  EXPECT_EQ(outcomes[0]->exit_code, 1);
  EXPECT_FALSE(outcomes[1].ok());
  EXPECT_EQ(outcomes[2]->exit_code, 0);
  EXPECT_EQ(counter.last, (QueueCounts{.succeeded = 1, .failed = 2}));
}

TEST_F(LocalJobsTest, AnInterruptEndsWhatRunsAndStartsNothingElse) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  Counter counter;
  bool is_pressed = false;
  counter.on_round = [&] {
    if (Exists("up") && !std::exchange(is_pressed, true)) {
      ASSERT_EQ(write(ends[1], "x", 1), 1);
    }
  };
  const auto outcomes = RunJobs(
      {Job("a", kUntilTerm), Job("b", "echo > $DIR/b-ran")},
      {.max_parallel = 1, .interrupt_fd = ends[0], .tick = std::chrono::milliseconds(20)}, counter);
  EXPECT_EQ(outcomes[0]->exit_code, 130);
  EXPECT_EQ(outcomes[1]->exit_code, 130);
  EXPECT_THAT(outcomes[1]->stop_reason, HasSubstr("before it was started"));
  EXPECT_FALSE(Exists("b-ran"));
  EXPECT_EQ(SituationNow("b"), Situation::kStopped);
  close(ends[0]);
  close(ends[1]);
}

TEST_F(LocalJobsTest, ManyShortJobsLeaveNothingBehind) {
  const auto run = [&](int count, const std::string& prefix) {
    std::vector<JobToRun> jobs;
    for (int i = 0; i < count; ++i) jobs.push_back(Job(fmt::format("{}{}", prefix, i), "true"));
    Counter counter;
    RunJobs(std::move(jobs), {.max_parallel = 4}, counter);
    EXPECT_EQ(counter.last, (QueueCounts{.succeeded = count}));
  };
  run(4, "a");
  const size_t files = ListDirectory("/proc/self/fd")->size();
  run(40, "b");
  EXPECT_EQ(ListDirectory("/proc/self/fd")->size(), files);
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);  // no child
}

}  // namespace
}  // namespace trainyard::local

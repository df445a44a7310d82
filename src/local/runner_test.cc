// Real shell programs as replicas.
#include "local/runner.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <thread>

#include "base/files.h"
#include "local/process/cgroup.h"
#include "local/process/processes.h"

namespace trainyard::local {
namespace {

using spec::ReplicaType;
using spec::RestartPolicy;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

// Polls until the condition holds; false after a minute.
bool Eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    poll(nullptr, 0, 5);
  }
  return true;
}

class Recorder : public RunObserver {
 public:
  void OnUpdate(const JobView& view) override {
    last_view = view;
    if (on_update) on_update(view);
  }
  void OnLog(const job::ReplicaId& id, std::string_view line) override {
    lines.push_back(id.Name() + ": " + std::string(line));
  }
  void OnNote(std::string_view note) override { notes.emplace_back(note); }
  void OnEvent(const job::Event& event) override { events.push_back(event); }

  std::function<void(const JobView&)> on_update;
  JobView last_view;
  std::vector<std::string> lines;
  std::vector<std::string> notes;
  std::vector<job::Event> events;
};

class RunnerTest : public testing::Test {
 protected:
  RunnerTest() {
    job_.name = "test";
    options_.workdir = Path("work");
    options_.tick = std::chrono::milliseconds(20);
    options_.plan.restart_delays.first = std::chrono::milliseconds(1);
    options_.plan.ps_grace = std::chrono::milliseconds(50);
    EXPECT_EQ(pipe2(interrupts_, O_CLOEXEC), 0);
    options_.interrupt_fd = interrupts_[0];
  }
  ~RunnerTest() override {
    close(interrupts_[0]);
    close(interrupts_[1]);
  }

  std::string Path(const std::string& name) { return JoinPath(directory_.path(), name); }
  std::string Content(const std::string& name) { return ReadFile(Path(name)).value_or(""); }
  bool Exists(const std::string& name) { return PathExists(Path(name)); }
  void PressCtrlC() { ASSERT_EQ(write(interrupts_[1], "x", 1), 1); }

  void Add(ReplicaType type, const std::string& script,
           RestartPolicy policy = RestartPolicy::kNever, int count = 1) {
    spec::ReplicaSpec& replica = job_.replicas[type];
    replica.replicas = count;
    replica.restart_policy = policy;
    replica.pod.container.command = {"sh", "-c", script};
    replica.pod.container.env = {{.name = "DIR", .value = directory_.path()}};
  }

  RunOutcome Run() {
    auto outcome = RunJob(job_, options_, recorder_);
    EXPECT_TRUE(outcome.ok()) << outcome.status();
    return outcome.value_or(RunOutcome{});
  }

  // Every process that was started below this test's directory and still lives.
  std::vector<pid_t> Survivors() {
    std::vector<pid_t> found;
    for (const auto& [pid, info] : ListProcesses()) {
      if (info.is_zombie || pid == getpid()) continue;
      const auto command = ReadFile(fmt::format("/proc/{}/cmdline", pid));
      const auto environment = ReadFile(fmt::format("/proc/{}/environ", pid));
      for (const auto& text : {command, environment}) {
        if (text.ok() && text->find(directory_.path()) != std::string::npos) {
          found.push_back(pid);
          break;
        }
      }
    }
    return found;
  }

  TemporaryDirectory directory_;
  spec::TFJob job_;
  RunOptions options_;
  Recorder recorder_;
  int interrupts_[2];
};

TEST_F(RunnerTest, RunsReplicasToSuccess) {
  Add(ReplicaType::kChief,
      "echo hello; echo \"$TF_CONFIG\" > $DIR/config; echo $TRAINYARD_OUT > $DIR/out");
  Add(ReplicaType::kPs, "exec sleep 1000");
  options_.forward_logs = true;
  const RunOutcome outcome = Run();
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_TRUE(outcome.view.status.Is(job::ConditionType::kSucceeded));
  EXPECT_THAT(Content("config"), HasSubstr(R"({"cluster":{"chief":["127.0.0.1:)"));
  EXPECT_THAT(Content("config"), HasSubstr(R"("task":{"type":"chief","index":0})"));
  EXPECT_EQ(Content("out"), Path("work") + "\n");
  EXPECT_THAT(Content("work/logs/chief-0.log"), HasSubstr("start of chief-0\nhello\n"));
  EXPECT_THAT(recorder_.lines, Contains("chief-0: hello"));
  EXPECT_THAT(Survivors(), ElementsAre());
}

TEST_F(RunnerTest, StartsWithinMilliseconds) {
  Add(ReplicaType::kChief, "date +%s%N > $DIR/started");
  const auto start_takes = [&] {
    const auto before = std::chrono::system_clock::now().time_since_epoch();
    Run();
    return std::chrono::nanoseconds(std::stoll(Content("started"))) - before;
  };
  // Well under 20 ms by itself; the bound leaves room for sanitizers, the tries for a machine that
  // stalls.
  bool is_quick = false;
  for (int i = 0; i < 10 && !is_quick; ++i) is_quick = start_takes() < std::chrono::seconds(1);
  EXPECT_TRUE(is_quick);
}

TEST_F(RunnerTest, AFailureNamesTheReplicaItsCodeAndItsLastWords) {
  Add(ReplicaType::kChief, "exec sleep 1000");
  Add(ReplicaType::kWorker, "echo one; echo 'cannot find data' >&2; exit 7");
  const RunOutcome outcome = Run();
  EXPECT_EQ(outcome.exit_code, 1);
  ASSERT_TRUE(outcome.failure.has_value());
  EXPECT_EQ(outcome.failure->id.Name(), "worker-0");
  EXPECT_EQ(outcome.failure->exit_code, 7);
  EXPECT_THAT(outcome.failure->last_lines, ElementsAre("one", "cannot find data"));
  EXPECT_EQ(outcome.failure->log_path, Path("work/logs/worker-0.log"));
  EXPECT_THAT(Survivors(), ElementsAre());
}

TEST_F(RunnerTest, RestartsByPolicyAndAppendsToTheLog) {
  Add(ReplicaType::kChief, "echo x >> $DIR/count; test $(wc -l < $DIR/count) -ge 3",
      RestartPolicy::kOnFailure);
  const RunOutcome outcome = Run();
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(Content("count"), "x\nx\nx\n");
  EXPECT_EQ(outcome.view.replicas[0].restarts, 2);
  EXPECT_THAT(Content("work/logs/chief-0.log"), HasSubstr("restart 2 of chief-0"));
}

TEST_F(RunnerTest, AtTheBackoffLimitTheRestartsThatWereMadeAreCounted) {
  Add(ReplicaType::kChief, "echo x >> $DIR/count; exit 1", RestartPolicy::kOnFailure);
  job_.run_policy.backoff_limit = 1;
  const RunOutcome outcome = Run();
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(Content("count"), "x\nx\n");
  EXPECT_EQ(outcome.view.replicas[0].restarts, 1);
  EXPECT_EQ(outcome.view.replicas[0].state, "failed");
}

TEST_F(RunnerTest, UnderExitCodeASignalRestartsAndACodeFails) {
  Add(ReplicaType::kChief, "if mkdir $DIR/once 2>/dev/null; then kill -9 $$$$; fi; exit 3",
      RestartPolicy::kExitCode);
  const RunOutcome outcome = Run();
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.view.replicas[0].restarts, 1);
  EXPECT_EQ(outcome.failure->exit_code, 3);
}

TEST_F(RunnerTest, AnEvaluatorMayFinishAfterSuccess) {
  Add(ReplicaType::kChief, "true");
  Add(ReplicaType::kEvaluator,
      "while ! test -e $DIR/go; do sleep 0.01; done; echo done > $DIR/evaluated");
  recorder_.on_update = [&](const JobView& view) {
    if (view.status.Is(job::ConditionType::kSucceeded)) {
      (void)WriteFileAtomically(Path("go"), "");
    }
  };
  EXPECT_EQ(Run().exit_code, 0);
  EXPECT_EQ(Content("evaluated"), "done\n");
}

TEST_F(RunnerTest, TheDeadlineEndsAQuietJob) {
  Add(ReplicaType::kChief, "exec sleep 1000");
  job_.run_policy.active_deadline_seconds = 1;
  const RunOutcome outcome = Run();
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_FALSE(outcome.failure.has_value());
  EXPECT_THAT(outcome.view.status.conditions.back().message,
              HasSubstr("longer than specified deadline"));
}

TEST_F(RunnerTest, OneInterruptAsksReplicasToEnd) {
  Add(ReplicaType::kChief,
      "trap 'echo saved > $DIR/saved; exit 0' TERM; echo > $DIR/up; while :; do sleep 0.01; done");
  recorder_.on_update = [&](const JobView&) {
    if (Exists("up") && !recorder_.last_view.is_interrupted) PressCtrlC();
  };
  const RunOutcome outcome = Run();
  EXPECT_EQ(outcome.exit_code, 130);
  EXPECT_EQ(Content("saved"), "saved\n");
}

TEST_F(RunnerTest, ASecondInterruptKills) {
  Add(ReplicaType::kChief, "trap '' TERM; echo > $DIR/up; while :; do sleep 0.01; done");
  recorder_.on_update = [&](const JobView&) {
    if (Exists("up")) PressCtrlC();
  };
  EXPECT_EQ(Run().exit_code, 130);
  EXPECT_THAT(Survivors(), ElementsAre());
}

TEST_F(RunnerTest, AReplicaThatIgnoresTermIsKilledAfterItsGrace) {
  Add(ReplicaType::kChief, "while ! test -e $DIR/up; do sleep 0.01; done");
  Add(ReplicaType::kPs, "trap '' TERM; echo > $DIR/up; while :; do sleep 0.01; done");
  job_.replicas[ReplicaType::kPs].pod.termination_grace_seconds = 0;
  EXPECT_EQ(Run().exit_code, 0);
  EXPECT_THAT(Survivors(), ElementsAre());
}

// Children in every hiding place: of the same group, of a session of their own, forked twice.
constexpr const char* kHiders =
    "sleep 1001 & setsid sleep 1002 & (setsid sh -c 'sleep 1003 & sleep 1004' &) ; "
    "env -i PATH=$PATH setsid sh -c \"sleep 1005; : $DIR\" & "
    "echo > $DIR/up; ";

TEST_F(RunnerTest, WhatAReplicaLeavesBehindEndsWithTheJob) {
  Add(ReplicaType::kChief, std::string(kHiders) + "exit 0");
  EXPECT_EQ(Run().exit_code, 0);
  EXPECT_THAT(Survivors(), ElementsAre());
}

TEST_F(RunnerTest, WhatAnInstanceLeavesBehindEndsBeforeItsRestart) {
  Add(ReplicaType::kChief,
      "if mkdir $DIR/once 2>/dev/null; then setsid sh -c \"touch $DIR/up; sleep 1003; :\" & "
      "while ! test -e $DIR/up; do sleep 0.01; done; exit 1; fi; "
      "ps -eo args | grep -c \"^sh -c [t]ouch $DIR/up\" > $DIR/alive; exit 0",
      RestartPolicy::kOnFailure);
  EXPECT_EQ(Run().exit_code, 0);
  EXPECT_EQ(Content("alive"), "0\n");
}

class KilledRunnerTest : public RunnerTest {
 protected:
  void Launch() {
    runner_ = fork();
    ASSERT_GE(runner_, 0);
    if (runner_ != 0) return;
    Recorder observer;
    (void)RunJob(job_, options_, observer);
    _exit(0);
  }

  // Runs the job in a process of its own until the replicas are up.
  void StartAndWait() {
    Add(ReplicaType::kChief, std::string(kHiders) + "exec sleep 1000");
    Add(ReplicaType::kWorker, "trap '' TERM; while :; do sleep 0.01; done", RestartPolicy::kNever,
        2);
    for (auto& [type, replica] : job_.replicas) replica.pod.container.limits = limits_;
    ASSERT_NO_FATAL_FAILURE(Launch());
    ASSERT_TRUE(Eventually([&] { return Exists("up") && Survivors().size() >= 8; }));
  }

  // Never kill(-1): a process that was not found must not stand for every process there is.
  static void Kill(pid_t pid) {
    ASSERT_GT(pid, 1);
    ASSERT_EQ(kill(pid, SIGKILL), 0);
  }

  void KillRunner() {
    ASSERT_NO_FATAL_FAILURE(Kill(runner_));
    waitpid(runner_, nullptr, 0);
  }

  pid_t GuardianPid() {
    for (const auto& [pid, info] : ListProcesses()) {
      if (info.parent == runner_) return pid;
    }
    return -1;
  }

  spec::ResourceLimits limits_;
  pid_t runner_ = -1;
};

TEST_F(KilledRunnerTest, NoProcessOutlivesAKilledRunner) {
  ASSERT_NO_FATAL_FAILURE(StartAndWait());
  ASSERT_NO_FATAL_FAILURE(KillRunner());
  EXPECT_TRUE(Eventually([&] { return Survivors().empty(); }));
}

TEST_F(KilledRunnerTest, AKilledGuardianTakesTheReplicasWithIt) {
  // env -i hides from the search by mark; with the guardian alive it is found by descent.
  ASSERT_NO_FATAL_FAILURE(StartAndWait());
  const pid_t guardian = GuardianPid();
  ASSERT_NO_FATAL_FAILURE(Kill(guardian));
  waitpid(runner_, nullptr, 0);
  EXPECT_TRUE(Eventually([&] {
    std::vector<pid_t> left = Survivors();
    std::erase_if(left, [](pid_t pid) {
      const auto environment = ReadFile(fmt::format("/proc/{}/environ", pid));
      return !environment.ok() || environment->find("TRAINYARD_JOB=") == std::string::npos;
    });
    return left.empty();
  }));
  for (const pid_t pid : Survivors()) kill(pid, SIGKILL);
}

TEST_F(KilledRunnerTest, AKilledRunnerKeepsItsLockUntilItsReplicasAreGone) {
  ASSERT_NO_FATAL_FAILURE(StartAndWait());
  const auto second = RunJob(job_, options_, recorder_);
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.status().message(),
              HasSubstr(fmt::format("another run (process {}) is using it", runner_)));
  ASSERT_NO_FATAL_FAILURE(KillRunner());
  job_.replicas.clear();
  Add(ReplicaType::kChief, "true");
  EXPECT_TRUE(Eventually([&] { return RunJob(job_, options_, recorder_).ok(); }));
  EXPECT_TRUE(Survivors().empty());
}

TEST_F(RunnerTest, ProgressComesFromTheFileOrFromEstimatorsLog) {
  Add(ReplicaType::kChief,
      "echo '{\"phase\":\"training\",\"step\":5,\"loss\":0.5}' >> $TRAINYARD_PROGRESS_FILE");
  Add(ReplicaType::kWorker,
      "echo 'loss = 1.5, step = 100'; while ! test -e $DIR/seen; do sleep 0.01; done");
  job_.replicas[ReplicaType::kChief].pod.container.command.back() +=
      "; while ! test -e $DIR/seen; do sleep 0.01; done";
  recorder_.on_update = [&](const JobView& view) {
    if (view.progress.step == 100 && view.progress.loss == 0.5) {
      (void)WriteFileAtomically(Path("seen"), "");
    }
  };
  const RunOutcome outcome = Run();
  EXPECT_EQ(outcome.view.progress.step, 100);
  EXPECT_EQ(outcome.view.progress.loss, 0.5);
}

TEST_F(RunnerTest, WhatCannotStartLeavesNothingBehind) {
  Add(ReplicaType::kChief, "echo > $DIR/ran");
  Add(ReplicaType::kWorker, "true");
  job_.replicas[ReplicaType::kWorker].pod.container.command = {"no-such-program"};
  const auto outcome = RunJob(job_, options_, recorder_);
  EXPECT_THAT(outcome.status().message(), HasSubstr("\"no-such-program\" not found; searched"));
  EXPECT_FALSE(Exists("ran"));
}

TEST_F(RunnerTest, AnUnusableWorkDirectoryIsNamed) {
  ASSERT_TRUE(WriteFileAtomically(Path("file"), "x").ok());
  Add(ReplicaType::kChief, "true");
  options_.workdir = Path("file/work");
  EXPECT_THAT(RunJob(job_, options_, recorder_).status().message(),
              HasSubstr("cannot use the work directory " + Path("file/work")));
}

TEST_F(RunnerTest, EveryLineComesThroughHoweverOftenLogsAreRotated) {
  Add(ReplicaType::kChief, "seq 1 20000; printf 'no end'; kill -9 $$$$");
  options_.forward_logs = true;
  options_.launch.logs = {.max_bytes = 4096, .max_files = 3};
  EXPECT_EQ(Run().exit_code, 1);
  ASSERT_EQ(recorder_.lines.size(), 20'002U);
  for (int i = 1; i <= 20'000; ++i) {
    ASSERT_EQ(recorder_.lines[static_cast<size_t>(i)], fmt::format("chief-0: {}", i));
  }
  EXPECT_EQ(recorder_.lines.back(), "chief-0: no end");
  EXPECT_TRUE(Exists("work/logs/chief-0.log.2"));
  EXPECT_FALSE(Exists("work/logs/chief-0.log.3"));
}

TEST_F(RunnerTest, AChattyReplicaKeepsNobodyWaiting) {
  Add(ReplicaType::kPs, "exec yes");
  Add(ReplicaType::kChief, "echo one; echo two");
  options_.launch.logs = {.max_bytes = 1 << 20, .max_files = 2};
  EXPECT_EQ(Run().exit_code, 0);
  EXPECT_THAT(Content("work/logs/chief-0.log"), HasSubstr("one\ntwo\n"));
  EXPECT_FALSE(Exists("work/logs/ps-0.log.2"));
}

TEST_F(RunnerTest, VolumesAreSharedFilledAndCleared) {
  Add(ReplicaType::kChief, "cat /secret/key > /data/copy; cat /conf/a > /data/conf; ls /tmp/x");
  Add(ReplicaType::kWorker, "while ! test -e /data/conf; do sleep 0.01; done; cat /data/copy");
  for (auto& [type, replica] : job_.replicas) {
    replica.pod.volumes = {
        {.name = "data", .kind = spec::Volume::Kind::kClaim, .source = "shared"},
        {.name = "s", .kind = spec::Volume::Kind::kSecret, .source = "token"},
        {.name = "c", .kind = spec::Volume::Kind::kConfigMap, .source = "settings"},
        {.name = "x", .kind = spec::Volume::Kind::kEmptyDir}};
    replica.pod.container.volume_mounts = {{.volume = "data", .mount_path = "/data"},
                                           {.volume = "s", .mount_path = "/secret"},
                                           {.volume = "c", .mount_path = "/conf"},
                                           {.volume = "x", .mount_path = "/tmp/x"}};
  }
  options_.launch.objects.secrets["token"] = {{"key", "s3cret"}};
  options_.launch.objects.config_maps["settings"] = {{"a", "value"}};
  const RunOutcome outcome = Run();
  EXPECT_EQ(outcome.exit_code, 0) << Content("work/logs/chief-0.log");
  EXPECT_EQ(Content("work/volumes/shared/copy"), "s3cret");
  EXPECT_EQ(Content("work/volumes/shared/conf"), "value");
  EXPECT_FALSE(Exists("work/volumes/chief-0/s"));
}

TEST_F(RunnerTest, AVolumeThatCannotBeMadeIsAStartThatFailed) {
  Add(ReplicaType::kChief, "true");
  job_.replicas[ReplicaType::kChief].pod.volumes = {{.name = "d"}};
  job_.replicas[ReplicaType::kChief].pod.container.volume_mounts = {
      {.volume = "d", .mount_path = "/d"}};
  ASSERT_TRUE(MakeDirectories(Path("work")).ok());
  ASSERT_TRUE(WriteFileAtomically(Path("work/volumes"), "").ok());
  const RunOutcome outcome = Run();
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.view.replicas[0].message, HasSubstr("/work/volumes/chief-0/d"));
}

// Every control group of a run that this process or `pid` has made.
std::vector<std::string> Groups(pid_t pid) {
  std::vector<std::string> found;
  for (const CgroupTree& tree : FindCgroupTrees().usable) {
    const auto names = ListDirectory(tree.directory);
    for (const std::string& name : names.ok() ? *names : std::vector<std::string>()) {
      if (name.starts_with(fmt::format("{}{}-", kGroupPrefix, pid))) found.push_back(name);
    }
  }
  return found;
}

bool MayLimitMemory() { return FindCgroupTrees().why_no_memory.empty(); }

TEST_F(RunnerTest, OutOfMemoryIsSaid) {
  if (!MayLimitMemory()) GTEST_SKIP();
  // tail keeps a line that never ends.
  Add(ReplicaType::kChief, "exec tail -n 1 /dev/zero");
  job_.replicas[ReplicaType::kChief].pod.container.limits.memory_bytes = 32 << 20;
  const RunOutcome outcome = Run();
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.failure->exit_code, 137);
  EXPECT_THAT(Content("work/logs/chief-0.log"), HasSubstr("more memory than its limit"));
  EXPECT_THAT(Groups(getpid()), ElementsAre());
}

TEST_F(RunnerTest, ManyShortJobsLeaveNothingBehind) {
  Add(ReplicaType::kChief, "setsid sleep 1000 & echo hello");
  job_.replicas[ReplicaType::kChief].pod.container.limits.memory_bytes = 64 << 20;
  options_.forward_logs = true;
  Run();
  const size_t before = ListDirectory("/proc/self/fd")->size();
  for (int i = 0; i < 50; ++i) ASSERT_EQ(Run().exit_code, 0);
  EXPECT_EQ(ListDirectory("/proc/self/fd")->size(), before);
  EXPECT_THAT(Survivors(), ElementsAre());
  EXPECT_THAT(Groups(getpid()), ElementsAre());
  for (const auto& [pid, info] : ListProcesses()) EXPECT_NE(info.parent, getpid());
}

TEST_F(KilledRunnerTest, AKilledRunnerLeavesNoControlGroup) {
  if (!MayLimitMemory()) GTEST_SKIP();
  limits_.memory_bytes = 256 << 20;
  ASSERT_NO_FATAL_FAILURE(StartAndWait());
  EXPECT_FALSE(Groups(runner_).empty());
  ASSERT_NO_FATAL_FAILURE(KillRunner());
  EXPECT_TRUE(Eventually([&] { return Groups(runner_).empty(); }));
}

TEST_F(KilledRunnerTest, AKilledGuardianLeavesNoControlGroup) {
  if (!MayLimitMemory()) GTEST_SKIP();
  limits_.memory_bytes = 256 << 20;
  ASSERT_NO_FATAL_FAILURE(StartAndWait());
  EXPECT_FALSE(Groups(runner_).empty());
  ASSERT_NO_FATAL_FAILURE(Kill(GuardianPid()));
  waitpid(runner_, nullptr, 0);
  EXPECT_THAT(Groups(runner_), ElementsAre());
  EXPECT_TRUE(Eventually([&] { return Survivors().empty(); }));
}

TEST_F(KilledRunnerTest, LastWordsArriveAfterTheRunnerWasKilled) {
  Add(ReplicaType::kChief,
      "trap 'seq 1 30000; echo saved; exit 0' TERM; echo > $DIR/up; while :; do sleep 0.01; done");
  ASSERT_NO_FATAL_FAILURE(Launch());
  ASSERT_TRUE(Eventually([&] { return Exists("up"); }));
  ASSERT_NO_FATAL_FAILURE(KillRunner());
  EXPECT_TRUE(Eventually([&] { return Survivors().empty(); }));
  EXPECT_TRUE(Eventually(
      [&] { return Content("work/logs/chief-0.log").ends_with("\n29999\n30000\nsaved\n"); }));
}

}  // namespace
}  // namespace trainyard::local

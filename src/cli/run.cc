#include "cli/run.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/files.h"
#include "cli/interrupts.h"
#include "cli/job_files.h"
#include "cli/job_flags.h"
#include "cli/job_report.h"
#include "cli/local_source.h"
#include "cli/quantity.h"
#include "cli/queue_observers.h"
#include "cli/terminal.h"
#include "local/job_queue.h"
#include "local/state/registry.h"
#include "local/state/workdir.h"

namespace trainyard::cli {
namespace {

struct RunFlags {
  std::vector<std::string> words;  // JOB.yaml..., or PROGRAM ARGS, or with --resume a job's name
  std::string workdir;
  std::vector<std::string> overrides;
  bool resume = false;
  bool verbose = false;
  std::string output = "text";
  int max_parallel = 0;
  int chief = 0;
  int worker = 0;
  int ps = 0;
  int evaluator = 0;
  std::string name;
  std::vector<std::string> images;
  std::vector<std::string> volumes;
  std::string log_max_size;
  int log_max_files = 0;
  bool no_limits = false;

  bool has_counts() const { return chief + worker + ps + evaluator > 0; }
};

constexpr char kExamples[] =
    "Replicas get TF_CONFIG with ports of this machine, and TRAINYARD_OUT, the work directory. "
    "Their\n"
    "output goes to WORKDIR/logs. A job that was stopped or killed goes on where it was, one that\n"
    "has finished begins anew. Exit code: 0 the job succeeded, 1 it failed (of several jobs: "
    "any),\n"
    "130 Ctrl-C.\n"
    "Examples:\n"
    "  trainyard run examples/digits/tfjob.yaml --set args.max_steps=200 --verbose\n"
    "  trainyard run --chief 1 --worker 2 --ps 1 -- python3 train.py --steps=1000\n"
    "  trainyard run trials/*.yaml --max-parallel 2\n"
    "  trainyard run --resume digits";

std::string ProgramDirectory() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path().string();
}

std::string CurrentDirectory() {
  std::error_code error;
  return std::filesystem::current_path(error).string();
}

// A job and how it is to be run.
struct Plan {
  LoadedJob loaded;
  local::RunOptions options;
};

// The two sides of NAME=VALUE.
Result<std::pair<std::string, std::string>> SplitPair(std::string_view flag,
                                                      const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos || equals + 1 == text.size()) {
    return InvalidArgumentError("{} {}: expected two sides of a \"=\"", flag, text);
  }
  return std::pair(text.substr(0, equals), text.substr(equals + 1));
}

// What the flags say is added to `launch`, which may come from an earlier run.
Status ApplyFlags(const RunFlags& flags, local::LaunchOptions* launch) {
  for (const std::string& text : flags.images) {
    ASSIGN_OR_RETURN(const auto pair, SplitPair("--map-image", text));
    const local::ImageMapping mapping{pair.first, JoinPath(CurrentDirectory(), pair.second)};
    std::erase_if(launch->images, [&](const auto& other) { return other.image == mapping.image; });
    launch->images.push_back(mapping);
  }
  for (const std::string& text : flags.volumes) {
    ASSIGN_OR_RETURN(const auto pair, SplitPair("--volume", text));
    launch->volumes[pair.first] = JoinPath(CurrentDirectory(), pair.second);
  }
  if (!flags.log_max_size.empty()) {
    const auto bytes = ParseSize(flags.log_max_size);
    if (!bytes) {
      return InvalidArgumentError("--log-max-size {}: expected a size such as 64Mi, or 0",
                                  flags.log_max_size);
    }
    launch->logs.max_bytes = *bytes;
  }
  if (flags.log_max_files > 0) launch->logs.max_files = flags.log_max_files;
  if (flags.no_limits) launch->enforce_limits = false;
  return OkStatus();
}

Result<std::vector<Plan>> PlanFromFiles(const RunFlags& flags) {
  ASSIGN_OR_RETURN(std::vector<LoadedJob> jobs, LoadJobFiles(flags.words, flags.overrides));
  std::map<std::string, std::string> files;  // by work directory
  std::vector<Plan> plans;
  for (LoadedJob& loaded : jobs) {
    Plan plan;
    const std::string& name = loaded.job.name;
    plan.options.workdir = flags.workdir.empty() ? "out/" + name : flags.workdir;
    if (jobs.size() > 1 && !flags.workdir.empty()) {
      plan.options.workdir = JoinPath(flags.workdir, name);
    }
    const auto [other, is_new] = files.emplace(plan.options.workdir, loaded.file);
    if (!is_new) {
      return InvalidArgumentError("two jobs are named {} ({} and {}) and would share {}", name,
                                  other->second, loaded.file, plan.options.workdir);
    }
    plan.loaded = std::move(loaded);
    plans.push_back(std::move(plan));
  }
  return plans;
}

Result<std::vector<Plan>> PlanFromCounts(const RunFlags& flags) {
  if (!flags.overrides.empty()) {
    return InvalidArgumentError(
        "--set changes a job file; give the program its arguments directly");
  }
  std::vector<Plan> plans(1);
  ASSIGN_OR_RETURN(plans.front().loaded, MakeJob(flags.words,
                                                 {{spec::ReplicaType::kChief, flags.chief},
                                                  {spec::ReplicaType::kWorker, flags.worker},
                                                  {spec::ReplicaType::kPs, flags.ps},
                                                  {spec::ReplicaType::kEvaluator, flags.evaluator}},
                                                 flags.name));
  plans.front().options.workdir =
      flags.workdir.empty() ? "out/" + plans.front().loaded.job.name : flags.workdir;
  return plans;
}

// --resume with a job's name, or with nothing but --workdir: as the record says.
Result<std::vector<Plan>> PlanFromRecord(const RunFlags& flags) {
  const JobChoice choice{flags.words.empty() ? "" : flags.words.front(), flags.workdir};
  const auto job = FindLocalJob(choice, local::Registry(local::DefaultStateDirectory()));
  if (!job.ok()) return job.status().WithContext("cannot go on");
  if (job->situation == local::Situation::kUnreadable) {
    return FailedPreconditionError("cannot go on: {}", job->problem);
  }
  std::vector<Plan> plans(1);
  Plan& plan = plans.front();
  ASSIGN_OR_RETURN(plan.loaded,
                   LoadRecordedJob(local::JobStore(job->workdir), job->record, flags.overrides));
  const local::Submission& submission = job->record.submission;
  plan.options.workdir = job->workdir;
  plan.options.directory = submission.directory;
  plan.options.launch.images = submission.images;
  plan.options.launch.volumes = submission.volumes;
  plan.options.launch.logs = submission.logs;
  plan.options.launch.enforce_limits = submission.enforce_limits;
  return plans;
}

Result<std::vector<Plan>> MakePlans(const RunFlags& flags) {
  if (flags.has_counts() && flags.words.empty()) {
    return InvalidArgumentError("expected a program: --worker N -- PROGRAM ARGS");
  }
  if (flags.has_counts()) return PlanFromCounts(flags);
  const bool is_by_name =
      flags.words.empty() || (flags.words.size() == 1 && !PathExists(flags.words.front()));
  if (flags.resume && is_by_name) return PlanFromRecord(flags);
  if (flags.words.empty()) {
    return InvalidArgumentError(
        "expected a job file, or replica counts and a program: JOB.yaml... | --worker N -- "
        "PROGRAM");
  }
  return PlanFromFiles(flags);
}

Result<std::vector<local::JobToRun>> MakeJobs(const RunFlags& flags) {
  ASSIGN_OR_RETURN(std::vector<Plan> plans, MakePlans(flags));
  std::vector<local::JobToRun> jobs;
  for (Plan& plan : plans) {
    local::RunOptions& options = plan.options;
    RETURN_IF_ERROR(ApplyFlags(flags, &options.launch));
    options.launch.objects = std::move(plan.loaded.objects);
    options.program_directories = {ProgramDirectory()};
    options.job_text = std::move(plan.loaded.text);
    options.job_file = std::move(plan.loaded.file);
    options.overrides = std::move(plan.loaded.overrides);
    options.state_directory = local::DefaultStateDirectory();
    options.must_go_on = flags.resume;
    options.forward_logs = flags.verbose;
    jobs.push_back({std::move(plan.loaded.job), std::move(options)});
  }
  return jobs;
}

RunOutput OutputOf(const RunFlags& flags) {
  if (flags.output == "json") return RunOutput::kJson;
  return IsTerminal(STDOUT_FILENO) ? RunOutput::kLive : RunOutput::kPlain;
}

// The job's own; of several 1 if any has failed, else 130 if any was stopped.
int ExitCodeOf(const std::vector<Result<local::RunOutcome>>& outcomes) {
  const auto code = [](const Result<local::RunOutcome>& outcome) {
    if (outcome.ok()) return outcome->exit_code;
    const bool is_wrong_use = outcome.status().code() == StatusCode::kInvalidArgument ||
                              outcome.status().code() == StatusCode::kNotFound ||
                              outcome.status().code() == StatusCode::kPermissionDenied;
    return is_wrong_use ? 2 : 1;
  };
  if (outcomes.size() == 1) return code(outcomes.front());
  int result = 0;
  for (const auto& outcome : outcomes) {
    const int own = code(outcome);
    if (own == 1 || own == 2) return 1;
    result = std::max(result, own);
  }
  return result;
}

local::QueueCounts CountOutcomes(const std::vector<Result<local::RunOutcome>>& outcomes) {
  local::QueueCounts counts;
  for (const auto& outcome : outcomes) {
    if (!outcome.ok() || outcome->exit_code == 1) {
      ++counts.failed;
    } else if (outcome->exit_code != 0) {
      ++counts.stopped;
    } else {
      ++(outcome->is_suspended ? counts.suspended : counts.succeeded);
    }
  }
  return counts;
}

int Run(const RunFlags& flags) {
  Result<std::vector<local::JobToRun>> jobs = MakeJobs(flags);
  if (!jobs.ok()) return ComplainAbout("run", jobs.status());
  const auto interrupts = Interrupts::Create();
  if (!interrupts.ok()) return ComplainAbout("run", interrupts.status());
  std::vector<std::string> names;
  for (const local::JobToRun& job : *jobs) names.push_back(job.job.name);
  const RunOutput output = OutputOf(flags);
  const auto observer = MakeQueueObserver(output, {.directory = CurrentDirectory()}, names);
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  const auto outcomes =
      local::RunJobs(*std::move(jobs),
                     {.max_parallel = flags.max_parallel > 0 ? flags.max_parallel : cores,
                      .interrupt_fd = (*interrupts)->fd()},
                     *observer);
  if (outcomes.size() > 1 && output != RunOutput::kJson) {
    fmt::print("{} jobs: {}\n", outcomes.size(), FormatCounts(CountOutcomes(outcomes)));
  }
  return ExitCodeOf(outcomes);
}

void AddCounts(CLI::App* command, RunFlags* flags) {
  const CLI::Range counts(0, 1000);
  command->add_option("--chief", flags->chief, "Number of chiefs of PROGRAM")
      ->check(CLI::Range(0, 1));
  command->add_option("--worker", flags->worker, "Number of workers")->check(counts);
  command->add_option("--ps", flags->ps, "Number of parameter servers")->check(counts);
  command->add_option("--evaluator", flags->evaluator, "Number of evaluators")
      ->check(CLI::Range(0, 1));
  command->add_option("--name", flags->name, "Name of the job (default: from PROGRAM)");
}

// How what the file says about pods is mapped to this machine.
void AddMappings(CLI::App* command, RunFlags* flags) {
  command
      ->add_option("--map-image", flags->images,
                   "What an image is here: a directory, or a program to start")
      ->type_name("IMAGE=TARGET")
      ->expected(1)
      ->take_all();
  command
      ->add_option("--volume", flags->volumes,
                   "Directory of a claim or volume (a claim's default: WORKDIR/volumes/<claim>)")
      ->type_name("NAME=DIR")
      ->expected(1)
      ->take_all();
  command
      ->add_option("--log-max-size", flags->log_max_size,
                   "Rotate a replica's log at this size; 0: never (default 64Mi)")
      ->type_name("SIZE");
  command->add_option("--log-max-files", flags->log_max_files, "Files kept per log (default 5)")
      ->check(CLI::Range(1, 1000));
  command->add_flag("--no-limits", flags->no_limits, "Do not enforce resources.limits");
}

}  // namespace

void AddRunCommand(CLI::App& app, int* exit_code) {
  CLI::App* command =
      app.add_subcommand("run", "Run TFJobs here, each replica a process of this machine");
  const auto flags = std::make_shared<RunFlags>();  // lives as long as the callback
  command->add_option("JOB.yaml... | -- PROGRAM ARGS", flags->words,
                      "Job files, or a program to run; with --resume also a job's name");
  command->add_option("--workdir", flags->workdir,
                      "Directory for results, logs and progress (default out/<job name>; of "
                      "several jobs each gets one below)");
  command
      ->add_option("--set", flags->overrides,
                   "Change the job: Worker.replicas=4, args.max_steps=100, "
                   "spec.runPolicy.backoffLimit=3")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->take_all();
  command->add_flag("--resume", flags->resume,
                    "Go on with a job that was stopped, killed or suspended, or fail");
  command
      ->add_option("--max-parallel", flags->max_parallel,
                   "Jobs at once, the rest waits (default: the number of cores)")
      ->check(CLI::Range(1, 10000))
      ->type_name("N");
  command->add_flag("-v,--verbose", flags->verbose, "Show what the replicas print");
  command->add_option("--output", flags->output, "text, or json for one event per line")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  AddCounts(command, flags.get());
  AddMappings(command, flags.get());
  command->footer(kExamples);
  command->callback([flags, exit_code] { *exit_code = Run(*flags); });
}

}  // namespace trainyard::cli

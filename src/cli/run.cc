#include "cli/run.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/files.h"
#include "cli/interrupts.h"
#include "cli/job_observers.h"
#include "cli/job_report.h"
#include "cli/terminal.h"
#include "local/runner.h"
#include "spec/parse_tfjob.h"

namespace trainyard::cli {
namespace {

struct RunFlags {
  std::vector<std::string> words;  // JOB.yaml, or PROGRAM ARGS
  std::string workdir;
  std::vector<std::string> overrides;
  bool verbose = false;
  std::string output = "text";
  int chief = 0;
  int worker = 0;
  int ps = 0;
  int evaluator = 0;
  std::string name;

  bool has_counts() const { return chief + worker + ps + evaluator > 0; }
};

constexpr char kExamples[] =
    "Replicas get TF_CONFIG with ports of this machine, and TRAINYARD_OUT, the work directory. "
    "Their\n"
    "output goes to WORKDIR/logs. Exit code: 0 the job succeeded, 1 it failed, 130 Ctrl-C.\n"
    "Examples:\n"
    "  trainyard run examples/digits/tfjob.yaml --set args.max_steps=200 --verbose\n"
    "  trainyard run --chief 1 --worker 2 --ps 1 -- python3 train.py --steps=1000";

std::string ProgramDirectory() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path().string();
}

std::string CurrentDirectory() {
  std::error_code error;
  return std::filesystem::current_path(error).string();
}

Result<spec::TFJob> JobFromFile(const RunFlags& flags) {
  const std::string& file = flags.words.front();
  if (flags.words.size() > 1) {
    return InvalidArgumentError(
        "one job file at a time; {} is too much (a program to run needs --chief, --worker or --ps)",
        flags.words[1]);
  }
  if (IsDirectory(file)) return InvalidArgumentError("cannot read {}: it is a directory", file);
  ASSIGN_OR_RETURN(const std::string text, ReadFile(file));
  return spec::ParseTFJob(text, file,
                          {.overrides = flags.overrides, .validate = {.require_image = false}});
}

// A DNS label made of the program's file name: "train.py" gives "train-py".
std::string NameFromProgram(const std::string& program) {
  std::string name = std::filesystem::path(program).filename().string().substr(0, 40);
  for (char& c : name) {
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if ((c < 'a' || c > 'z') && (c < '0' || c > '9')) c = '-';
  }
  name = name.substr(std::min(name.find_first_of("abcdefghijklmnopqrstuvwxyz"), name.size()));
  while (name.ends_with('-')) name.pop_back();
  return name.empty() ? "job" : name;
}

Result<spec::TFJob> JobFromFlags(const RunFlags& flags) {
  if (!flags.overrides.empty()) {
    return InvalidArgumentError(
        "--set changes a job file; give the program its arguments directly");
  }
  spec::TFJob job;
  job.name = flags.name.empty() ? NameFromProgram(flags.words.front()) : flags.name;
  for (const auto& [type, count] : {std::pair{spec::ReplicaType::kChief, flags.chief},
                                    {spec::ReplicaType::kWorker, flags.worker},
                                    {spec::ReplicaType::kPs, flags.ps},
                                    {spec::ReplicaType::kEvaluator, flags.evaluator}}) {
    if (count == 0) continue;
    spec::ReplicaSpec& replica = job.replicas[type];
    replica.replicas = count;
    replica.restart_policy = spec::RestartPolicy::kExitCode;
    replica.pod.container.command = flags.words;
  }
  const auto problems = spec::Validate(job, {.require_image = false});
  if (problems.empty()) return job;
  return InvalidArgumentError("{}: {}", problems.front().path, problems.front().message);
}

Result<spec::TFJob> LoadJob(const RunFlags& flags) {
  if (flags.words.empty()) {
    return InvalidArgumentError(
        "expected a job file, or replica counts and a program: JOB.yaml | --worker N -- PROGRAM");
  }
  return flags.has_counts() ? JobFromFlags(flags) : JobFromFile(flags);
}

std::unique_ptr<JobObserver> MakeObserver(const RunFlags& flags, const std::string& directory) {
  if (flags.output == "json") return MakeJsonObserver(stdout);
  if (IsTerminal(STDOUT_FILENO)) return MakeLiveObserver(stdout, directory);
  return MakePlainObserver(stdout, directory, false);
}

// Mistakes in what was asked for, unlike failures while it was done.
bool IsWrongUse(const Status& status) {
  return status.code() == StatusCode::kInvalidArgument || status.code() == StatusCode::kNotFound ||
         status.code() == StatusCode::kPermissionDenied;
}

int Complain(const Status& status) {
  fmt::print(stderr, "trainyard run: {}\n", status.message());
  return IsWrongUse(status) ? 2 : 1;
}

int Run(const RunFlags& flags) {
  const Result<spec::TFJob> job = LoadJob(flags);
  if (!job.ok()) return Complain(job.status());
  const auto interrupts = Interrupts::Create();
  if (!interrupts.ok()) return Complain(interrupts.status());
  const std::string directory = CurrentDirectory();
  local::RunOptions options;
  options.workdir = flags.workdir.empty() ? "out/" + job->name : flags.workdir;
  options.program_directories = {ProgramDirectory()};
  options.interrupt_fd = (*interrupts)->fd();
  options.forward_logs = flags.verbose;
  const std::unique_ptr<JobObserver> observer = MakeObserver(flags, directory);
  const Result<local::RunOutcome> outcome = local::RunJob(*job, options, *observer);
  if (!outcome.ok()) return Complain(outcome.status());
  observer->OnEnd(*outcome);
  if (outcome->exit_code == 1) {
    fmt::print(stderr, "trainyard run: {}", FormatFailure(*outcome, directory));
  }
  return outcome->exit_code;
}

}  // namespace

void AddRunCommand(CLI::App& app, int* exit_code) {
  CLI::App* command =
      app.add_subcommand("run", "Run a TFJob here, each replica a process of this machine");
  const auto flags = std::make_shared<RunFlags>();  // lives as long as the callback
  command->add_option("JOB.yaml | -- PROGRAM ARGS", flags->words, "Job file, or program to run");
  command->add_option("--workdir", flags->workdir,
                      "Directory for results, logs and progress (default out/<job name>)");
  command
      ->add_option("--set", flags->overrides,
                   "Change the job: Worker.replicas=4, args.max_steps=100, "
                   "spec.runPolicy.backoffLimit=3")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->take_all();
  command->add_flag("-v,--verbose", flags->verbose, "Show what the replicas print");
  command->add_option("--output", flags->output, "text, or json for one event per line")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  const CLI::Range counts(0, 1000);
  command->add_option("--chief", flags->chief, "Number of chiefs of PROGRAM")
      ->check(CLI::Range(0, 1));
  command->add_option("--worker", flags->worker, "Number of workers")->check(counts);
  command->add_option("--ps", flags->ps, "Number of parameter servers")->check(counts);
  command->add_option("--evaluator", flags->evaluator, "Number of evaluators")
      ->check(CLI::Range(0, 1));
  command->add_option("--name", flags->name, "Name of the job (default: from PROGRAM)");
  command->footer(kExamples);
  command->callback([flags, exit_code] { *exit_code = Run(*flags); });
}

}  // namespace trainyard::cli

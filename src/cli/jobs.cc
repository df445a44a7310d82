#include "cli/jobs.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cli/job_flags.h"
#include "cli/jobs_report.h"
#include "cli/local_source.h"
#include "cli/terminal.h"

namespace trainyard::cli {
namespace {

struct JobsFlags {
  bool local = false;
  bool watch = false;
  std::string output = "table";
};

constexpr char kExamples[] =
    "STATE is the job's last condition, or Queued, Stopping, Interrupted (it was stopped or "
    "killed\n"
    "before its end: trainyard run --resume goes on), Unknown (its record is damaged).\n"
    "Examples:\n"
    "  trainyard jobs --local\n"
    "  trainyard jobs --local --watch\n"
    "  trainyard jobs --local --output json";

std::string Text(const JobsFlags& flags) {
  const auto now = std::chrono::system_clock::now();
  std::vector<JobDescription> jobs;
  for (const auto& job : local::ListJobs(local::Registry(local::DefaultStateDirectory()), now)) {
    jobs.push_back(Summarise(job));
  }
  if (flags.output == "json") return FormatJobsJson(jobs);
  if (flags.output == "name") return FormatJobNames(jobs);
  std::error_code error;
  return FormatJobs(jobs, flags.output == "wide", now,
                    std::filesystem::current_path(error).string());
}

// Redraws a terminal in place; elsewhere prints the table again whenever it has changed.
int Watch(const JobsFlags& flags) {
  const bool is_terminal = IsTerminal(STDOUT_FILENO);
  std::string last;
  while (std::ferror(stdout) == 0) {
    std::string text = Text(flags);
    if (is_terminal) {
      fmt::print("\x1b[H\x1b[J{}", text);
    } else if (text != last) {
      fmt::print("{}", text);
    }
    std::fflush(stdout);
    last = std::move(text);
    poll(nullptr, 0, 1000);
  }
  return 1;
}

int Run(const JobsFlags& flags) {
  if (!flags.local) return ComplainAbout("jobs", ClusterIsMissing());
  if (flags.watch) return Watch(flags);
  const std::string text = Text(flags);
  if (flags.output != "json" && flags.output != "name" &&
      std::count(text.begin(), text.end(), '\n') == 1) {
    fmt::print(stderr, "no local jobs\n");
    return 0;
  }
  fmt::print("{}", text);
  return 0;
}

}  // namespace

void AddJobsCommand(CLI::App& app, int* exit_code) {
  CLI::App* command = app.add_subcommand("jobs", "List jobs: state, replicas, progress");
  const auto flags = std::make_shared<JobsFlags>();  // lives as long as the callback
  AddLocalFlag(command, &flags->local);
  command->add_flag("-w,--watch", flags->watch, "Redraw every second, until Ctrl-C");
  command->add_option("-o,--output", flags->output, "table, wide, json or name")
      ->check(CLI::IsMember({"table", "wide", "json", "name"}))
      ->capture_default_str();
  command->footer(kExamples);
  command->callback([flags, exit_code] { *exit_code = Run(*flags); });
}

}  // namespace trainyard::cli

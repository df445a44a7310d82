#include "cli/jobs.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "cli/cluster/cluster_report.h"
#include "cli/cluster/cluster_source.h"
#include "cli/cluster/watch.h"
#include "cli/job_flags.h"
#include "cli/jobs_report.h"
#include "cli/live_screen.h"
#include "cli/local_source.h"
#include "cli/terminal.h"

namespace trainyard::cli {
namespace {

struct JobsFlags {
  bool local = false;
  bool watch = false;
  ClusterFlags cluster;
  bool all_namespaces = false;
  std::string output = "table";
};

constexpr char kExamples[] =
    "STATE is the job's last condition. Of local jobs also Queued, Stopping, Interrupted (it was\n"
    "stopped or killed before its end: trainyard run --resume goes on), Unknown (its record is\n"
    "damaged); of a cluster's New (no operator has taken it up yet).\n"
    "Examples:\n"
    "  trainyard jobs\n"
    "  trainyard jobs --watch -A\n"
    "  trainyard jobs --local --output json";

std::string LocalText(const JobsFlags& flags) {
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

constexpr std::chrono::seconds kLocalRedraw{1};

int DrawLocally(const JobsFlags& flags) {
  const auto screen = LiveScreen::Start();
  if (!screen.ok()) return ComplainAbout("jobs", screen.status());
  do {
    const ScreenSize size = (*screen)->size();
    std::vector<std::string> lines = SplitLines(LocalText(flags));
    for (std::string& line : lines) line = CleanLine(line, size.columns);
    (*screen)->Draw(FitRows(std::move(lines), size));
  } while ((*screen)->Wait(kLocalRedraw));
  return (*screen)->exit_code();
}

// Redraws a terminal in place; elsewhere prints the table again whenever it has changed.
int WatchLocally(const JobsFlags& flags) {
  if (IsTerminal(STDOUT_FILENO)) return DrawLocally(flags);
  std::string last;
  while (std::ferror(stdout) == 0) {
    std::string text = LocalText(flags);
    if (text != last) fmt::print("{}", text);
    std::fflush(stdout);
    last = std::move(text);
    std::this_thread::sleep_for(kLocalRedraw);
  }
  return 1;
}

int RunLocally(const JobsFlags& flags) {
  if (flags.watch) return WatchLocally(flags);
  const std::string text = LocalText(flags);
  if (flags.output != "json" && flags.output != "name" &&
      std::count(text.begin(), text.end(), '\n') == 1) {
    fmt::print(stderr, "no local jobs\n");
    return 0;
  }
  fmt::print("{}", text);
  return 0;
}

int RunOnCluster(const JobsFlags& flags) {
  const auto cluster = Connect(flags.cluster);
  if (!cluster.ok()) return ComplainAbout("jobs", cluster.status());
  const ClusterTable table{.with_namespace = flags.all_namespaces, .wide = flags.output == "wide"};
  if (flags.watch) return WatchCluster(*cluster, table);
  const auto jobs = ListClusterJobs(*cluster, flags.all_namespaces);
  if (!jobs.ok()) return ComplainAbout("jobs", jobs.error());
  if (flags.output == "json") {
    fmt::print("{}", FormatJobsJson(*jobs));
  } else if (flags.output == "name") {
    fmt::print("{}", FormatJobNames(*jobs));
  } else if (jobs->empty()) {
    fmt::print(stderr, "no TFJobs in {}\n",
               flags.all_namespaces ? "any namespace" : "namespace " + cluster->name_space);
  } else {
    fmt::print("{}", FormatClusterJobs(*jobs, table, std::chrono::system_clock::now()));
  }
  return 0;
}

int Run(const JobsFlags& flags) { return flags.local ? RunLocally(flags) : RunOnCluster(flags); }

}  // namespace

void AddJobsCommand(CLI::App& app, int* exit_code) {
  CLI::App* command = app.add_subcommand("jobs", "List jobs: state, replicas, progress");
  const auto flags = std::make_shared<JobsFlags>();  // lives as long as the callback
  AddLocalFlag(command, &flags->local);
  AddClusterFlags(command, &flags->cluster);
  command->add_flag("-A,--all-namespaces", flags->all_namespaces, "Those of every namespace");
  command->add_flag("-w,--watch", flags->watch,
                    "Go on showing them, with each replica, until Ctrl-C");
  command->add_option("-o,--output", flags->output, "table, wide, json or name")
      ->check(CLI::IsMember({"table", "wide", "json", "name"}))
      ->capture_default_str();
  command->footer(kExamples);
  command->callback([flags, exit_code] { *exit_code = Run(*flags); });
}

}  // namespace trainyard::cli

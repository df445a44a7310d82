#include "cli/describe.h"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/cluster/cluster_source.h"
#include "cli/job_flags.h"
#include "cli/jobs_report.h"

namespace trainyard::cli {
namespace {

struct DescribeFlags {
  JobFlags job;
  std::string output = "text";
};

Result<JobDescription> Find(const JobFlags& flags) {
  if (!flags.local) {
    ASSIGN_OR_RETURN(const Cluster cluster, ConnectForJob(flags));
    return DescribeClusterJob(cluster, flags.choice.name);
  }
  ASSIGN_OR_RETURN(const local::LocalJob job, FindJob(flags));
  return Describe(job);
}

int Run(const DescribeFlags& flags) {
  const auto description = Find(flags.job);
  if (!description.ok()) return ComplainAbout("describe", description.status());
  std::error_code error;
  fmt::print("{}", flags.output == "json"
                       ? FormatDescriptionJson(*description)
                       : FormatDescription(*description, std::chrono::system_clock::now(),
                                           std::filesystem::current_path(error).string()));
  return 0;
}

}  // namespace

void AddDescribeCommand(CLI::App& app, int* exit_code) {
  CLI::App* command =
      app.add_subcommand("describe", "Show a job: conditions, replicas, what has happened");
  const auto flags = std::make_shared<DescribeFlags>();  // lives as long as the callback
  AddJobFlags(command, &flags->job);
  command->add_option("-o,--output", flags->output, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command->footer("Examples:\n  trainyard describe digits\n  trainyard describe digits --local");
  command->callback([flags, exit_code] { *exit_code = Run(*flags); });
}

}  // namespace trainyard::cli

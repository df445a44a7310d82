#include "cli/delete.h"

#include <fmt/format.h>

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "base/files.h"
#include "cli/job_flags.h"
#include "cli/quantity.h"
#include "local/local_jobs.h"
#include "local/state/registry.h"

namespace trainyard::cli {
namespace {

struct DeleteFlags {
  JobFlags job;
  std::string timeout = "2m";
};

constexpr char kExamples[] =
    "A job that runs is ended as by Ctrl-C: TERM, its grace period, KILL. What it has written "
    "below\n"
    "its work directory stays, except for record, logs and progress.\n"
    "Example:\n"
    "  trainyard delete digits --local";

int Run(const DeleteFlags& flags) {
  const auto timeout = ParseDuration(flags.timeout);
  if (!timeout) {
    return ComplainAbout(
        "delete", InvalidArgumentError("--timeout {}: expected a time such as 60s", flags.timeout));
  }
  const auto job = FindJob(flags.job);
  if (!job.ok()) return ComplainAbout("delete", job.status());
  const Status deleted =
      local::DeleteJob(*job, local::Registry(local::DefaultStateDirectory()), *timeout);
  if (!deleted.ok()) return ComplainAbout("delete", deleted);
  fmt::print("job {} deleted{}\n", job->record.name,
             IsDirectory(job->workdir) ? "; results stay in " + job->workdir : "");
  return 0;
}

}  // namespace

void AddDeleteCommand(CLI::App& app, int* exit_code) {
  CLI::App* command =
      app.add_subcommand("delete", "End a job and remove its record and logs; results stay");
  const auto flags = std::make_shared<DeleteFlags>();  // lives as long as the callback
  AddJobFlags(command, &flags->job);
  command->add_option("--timeout", flags->timeout, "How long to wait for the job's end")
      ->capture_default_str();
  command->footer(kExamples);
  command->callback([flags, exit_code] { *exit_code = Run(*flags); });
}

}  // namespace trainyard::cli

#include "cli/delete.h"

#include <fmt/format.h>
#include <poll.h>

#include <chrono>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "base/files.h"
#include "cli/cluster/cluster_source.h"
#include "cli/job_flags.h"
#include "cli/quantity.h"
#include "local/local_jobs.h"
#include "local/state/registry.h"
#include "operator/names.h"

namespace trainyard::cli {
namespace {

using Clock = std::chrono::steady_clock;

struct DeleteFlags {
  JobFlags job;
  std::string timeout = "2m";
};

constexpr char kExamples[] =
    "On a cluster a job's pods go with it. A local job that runs is ended as by Ctrl-C: TERM, its "
    "grace period, KILL. What it has written "
    "below\n"
    "its work directory stays, except for record, logs and progress.\n"
    "Examples:\n"
    "  trainyard delete digits\n"
    "  trainyard delete digits --local";

// Its pods and Services go with the job. Waits until the job itself is gone.
Status DeleteOnCluster(const Cluster& cluster, const std::string& name,
                       Clock::time_point deadline) {
  ASSIGN_OR_RETURN(const kube::Json job, GetTFJob(cluster, name));
  RETURN_IF_ERROR(cluster.client->Delete(operators::kTFJobs, cluster.name_space, name,
                                         {.uid = kube::Uid(job)}));
  while (true) {
    const auto current = cluster.client->Get(operators::kTFJobs, cluster.name_space, name);
    if (!current.ok() && current.error().code() != StatusCode::kNotFound) return current.error();
    if (!current.ok() || kube::Uid(*current) != kube::Uid(job)) return OkStatus();
    if (Clock::now() >= deadline) {
      return DeadlineExceededError("job {} is marked for deletion, but still there", name);
    }
    poll(nullptr, 0, 200);
  }
}

int RunOnCluster(const DeleteFlags& flags, std::chrono::milliseconds timeout) {
  const auto cluster = ConnectForJob(flags.job);
  if (!cluster.ok()) return ComplainAbout("delete", cluster.status());
  const std::string& name = flags.job.choice.name;
  const Status deleted = DeleteOnCluster(*cluster, name, Clock::now() + timeout);
  if (!deleted.ok()) return ComplainAbout("delete", deleted);
  fmt::print("job {} deleted\n", name);
  return 0;
}

int Run(const DeleteFlags& flags) {
  const auto timeout = ParseDuration(flags.timeout);
  if (!timeout) {
    return ComplainAbout(
        "delete", InvalidArgumentError("--timeout {}: expected a time such as 60s", flags.timeout));
  }
  if (!flags.job.local) return RunOnCluster(flags, *timeout);
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
      app.add_subcommand("delete", "End a job and remove what is known of it; results stay");
  const auto flags = std::make_shared<DeleteFlags>();  // lives as long as the callback
  AddJobFlags(command, &flags->job);
  command->add_option("--timeout", flags->timeout, "How long to wait for the job's end")
      ->capture_default_str();
  command->footer(kExamples);
  command->callback([flags, exit_code] { *exit_code = Run(*flags); });
}

}  // namespace trainyard::cli

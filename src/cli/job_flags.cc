#include "cli/job_flags.h"

#include <fmt/format.h>

#include <cstdio>

#include <CLI/CLI.hpp>

#include "local/state/registry.h"

namespace trainyard::cli {

void AddLocalFlag(CLI::App* command, bool* local) {
  command->add_flag("--local", *local, "Jobs of this machine, started by trainyard run");
}

void AddJobFlags(CLI::App* command, JobFlags* flags) {
  command->add_option("JOB", flags->choice.name, "Name of the job");
  AddLocalFlag(command, &flags->local);
  command->add_option("--workdir", flags->choice.workdir,
                      "Work directory of a local job, if its name alone does not tell");
  AddClusterFlags(command, &flags->cluster);
}

Result<local::LocalJob> FindJob(const JobFlags& flags) {
  return FindLocalJob(flags.choice, local::Registry(local::DefaultStateDirectory()));
}

Result<Cluster> ConnectForJob(const JobFlags& flags) {
  if (!flags.choice.workdir.empty()) {
    return InvalidArgumentError("--workdir means a local job; give --local with it");
  }
  if (flags.choice.name.empty()) return InvalidArgumentError("expected the name of a job");
  return Connect(flags.cluster);
}

int ComplainAbout(std::string_view command, const Status& status) {
  fmt::print(stderr, "trainyard {}: {}\n", command, status.message());
  switch (status.code()) {
    case StatusCode::kInvalidArgument:
    case StatusCode::kNotFound:
    case StatusCode::kPermissionDenied:
    case StatusCode::kUnimplemented:
      return 2;
    default:
      return 1;
  }
}

}  // namespace trainyard::cli

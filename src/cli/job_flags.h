// What the commands about existing jobs (describe, logs, wait, delete) have in common.
#pragma once

#include <string>

#include <CLI/App.hpp>

#include "base/status.h"
#include "cli/cluster/cluster_flags.h"
#include "cli/local_source.h"
#include "local/local_jobs.h"

namespace trainyard::cli {

struct JobFlags {
  bool local = false;
  JobChoice choice{};      // of a local job; the name is a cluster's job's, too
  ClusterFlags cluster{};  // without `local`
};

// `--local`, which means jobs of this machine instead of a cluster's.
void AddLocalFlag(CLI::App* command, bool* local);

// JOB, --local and --workdir, and which cluster. Borrowed; `flags` must outlive the parsing.
void AddJobFlags(CLI::App* command, JobFlags* flags);

// The local job that is meant.
Result<local::LocalJob> FindJob(const JobFlags& flags);

// The cluster, for a command about one of its jobs; InvalidArgument if no job is named.
Result<Cluster> ConnectForJob(const JobFlags& flags);

// Prints `trainyard COMMAND: message` on standard error; the exit code: 2 for wrong use, 1 for what
// failed.
int ComplainAbout(std::string_view command, const Status& status);

}  // namespace trainyard::cli

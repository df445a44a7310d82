// What the commands about existing jobs (describe, logs, wait, delete) have in common.
#pragma once

#include <string>

#include <CLI/App.hpp>

#include "base/status.h"
#include "cli/local_source.h"
#include "local/local_jobs.h"

namespace trainyard::cli {

struct JobFlags {
  bool local = false;
  JobChoice choice{};
};

// `--local`, for commands whose other side, the cluster, is yet to come.
void AddLocalFlag(CLI::App* command, bool* local);

// JOB, --local and --workdir. Borrowed; `flags` must outlive the parsing.
void AddJobFlags(CLI::App* command, JobFlags* flags);

// The job that is meant; Unimplemented without --local.
Result<local::LocalJob> FindJob(const JobFlags& flags);

// The one line that says so.
Status ClusterIsMissing();

// Prints `trainyard COMMAND: message` on standard error; the exit code: 2 for wrong use, 1 for what
// failed.
int ComplainAbout(std::string_view command, const Status& status);

}  // namespace trainyard::cli

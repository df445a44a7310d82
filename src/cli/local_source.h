// Where `jobs`, `describe`, `logs`, `wait` and `delete` get local jobs from. Thread-compatible.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "cli/jobs_report.h"
#include "local/local_jobs.h"

namespace trainyard::cli {

// What the flags of these commands say about which job is meant.
struct JobChoice {
  std::string name{};     // may be empty if there is a workdir
  std::string workdir{};  // may be empty
};

// The one local job that is meant. InvalidArgument with the choices if there are several of that
// name; NotFound with names that look alike if there is none.
Result<local::LocalJob> FindLocalJob(const JobChoice& choice, const local::Registry& registry);

// Of several jobs the one of this name. Pure; see FindLocalJob().
Result<local::LocalJob> ChooseJob(std::span<const local::LocalJob> jobs, const std::string& name);

// For `jobs`.
JobDescription Summarise(const local::LocalJob& job);
// For `describe`: also spec and events, which are read.
JobDescription Describe(const local::LocalJob& job);

// What `describe` says of a job's spec: name and value, in order. Pure.
std::vector<std::pair<std::string, std::string>> SpecLines(const spec::TFJob& job);

// The names that are most like `name`, at most three. Pure.
std::vector<std::string> NearNames(const std::string& name, std::span<const std::string> names);

}  // namespace trainyard::cli

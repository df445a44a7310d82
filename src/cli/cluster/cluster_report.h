// Jobs of a cluster as text. Pure, thread-safe.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cli/jobs_report.h"
#include "cli/terminal.h"

namespace trainyard::cli {

struct ClusterTable {
  bool with_namespace = false;  // a column for it
  bool wide = false;            // more columns
};

// NAME STATE REPLICAS RESTARTS AGE; wide adds STARTED, COMPLETED and NOTE.
std::string FormatClusterJobs(std::span<const JobDescription> jobs, const ClusterTable& table,
                              job::TimePoint now);

// The same for a screen that is redrawn: under each job that has not ended a line for each replica
// with its state, restarts, age and last line, as far as there are rows.
std::vector<std::string> FormatWatch(std::span<const JobDescription> jobs,
                                     const ClusterTable& table, job::TimePoint now,
                                     ScreenSize screen, bool colours);

}  // namespace trainyard::cli

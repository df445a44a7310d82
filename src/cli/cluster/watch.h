// `trainyard jobs --watch` on a cluster: a live view of jobs and their replicas.
#pragma once

#include "cli/cluster/cluster_flags.h"
#include "cli/cluster/cluster_report.h"

namespace trainyard::cli {

// Redraws a terminal in place, at most twice a second, with the last line of each replica's log;
// elsewhere prints a line for each change of a job or replica. Until Ctrl-C. The exit code: 130
// after Ctrl-C, 1 if it could not begin or nobody reads any more.
int WatchCluster(const Cluster& cluster, const ClusterTable& table);

}  // namespace trainyard::cli

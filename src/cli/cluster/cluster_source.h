// Jobs of a cluster as `jobs`, `describe`, `wait` and `logs` show them.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "cli/cluster/cluster_flags.h"
#include "cli/jobs_report.h"
#include "kube/api.h"
#include "operator/pod_view.h"

namespace trainyard::cli {

// A TFJob and its pods. Pure.
JobDescription DescribeTFJob(const kube::Json& job, std::span<const operators::PodView> pods,
                             job::TimePoint now);

// For `jobs`: those of the namespace, or of all, in the order of their names.
Result<std::vector<JobDescription>> ListClusterJobs(const Cluster& cluster, bool all_namespaces);

// For `describe`: one, with its spec and events (its own, and the warnings about its pods).
// NotFound with names that look alike.
Result<JobDescription> DescribeClusterJob(const Cluster& cluster, const std::string& name);

// The TFJob, as it is. NotFound with names that look alike.
Result<kube::Json> GetTFJob(const Cluster& cluster, const std::string& name);

}  // namespace trainyard::cli

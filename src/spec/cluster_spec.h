// The addresses of a training cluster's tasks, as `TF_CONFIG` and tf.train.ClusterSpec know them.
//
// A value type; thread-compatible. Tasks of a job usually carry the indices 0..n-1; a cluster may
// also be sparse (`{"worker": {"3": "host:2222"}}`), as jobs with enableDynamicWorker make it.
//
//   ClusterSpec cluster;
//   cluster.jobs["ps"][0] = "127.0.0.1:4001";
//   if (const std::string* address = cluster.Find("ps", 0)) Connect(*address);
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace trainyard::spec {

struct ClusterSpec {
  // Job name ("chief", "worker", "ps", ...) -> task index -> "host:port".
  std::map<std::string, std::map<int, std::string>, std::less<>> jobs;

  bool empty() const { return jobs.empty(); }
  bool Has(std::string_view job) const { return jobs.contains(job); }

  // Tasks of one job (0 if the job is absent), and of all jobs.
  int NumTasks(std::string_view job) const;
  int NumTasks() const;

  // The task's address, owned by this object; null if there is no such task.
  const std::string* Find(std::string_view job, int index) const;

  // For messages, in tf.train.ClusterSpec's notation: ClusterSpec({'ps': ['host:2222']}).
  std::string ToString() const;

  friend bool operator==(const ClusterSpec&, const ClusterSpec&) = default;
};

}  // namespace trainyard::spec

// The logs of a job's pods, merged, across restarts of pods.
#pragma once

#include <optional>
#include <string>

#include "cli/cluster/cluster_flags.h"
#include "job/replica.h"

namespace trainyard::cli {

struct FollowOptions {
  std::string name_space{};
  std::string job{};
  std::optional<job::ReplicaId> replica{};  // only this one, without a prefix
  std::optional<int> tail{};
  bool previous = false;     // the container's instance before this one, in the same pod
  bool follow = false;       // until the job has ended; Ctrl-C ends the watching alone
  bool reports_end = false;  // the exit code is the job's, and how it ended is said
};

// Prints to standard output; while it follows, what pods that do not run yet wait for to standard
// error. The exit code: 0, 1 if the job has failed (reports_end) or nothing can
// be read, 2 if there is no such job or replica.
int FollowLogs(const Cluster& cluster, const FollowOptions& options);

}  // namespace trainyard::cli

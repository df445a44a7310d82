// Where `logs --previous` finds logs of earlier instances. Pure, thread-safe.
//
// A kubelet keeps the log of a container's instance before this one as long as the pod is there. A
// pod that the operator has replaced took its log with it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cli/cluster/follow.h"
#include "operator/pod_view.h"

namespace trainyard::cli {

struct PreviousLogs {
  std::vector<operators::PodView> pods{};  // whose container was restarted in place
  std::string why_not{};  // nothing can be shown of others, or of anybody; empty: no word is due
};

// `pods` are those that are asked for.
PreviousLogs FindPreviousLogs(std::span<const operators::PodView> pods,
                              const FollowOptions& options);

}  // namespace trainyard::cli

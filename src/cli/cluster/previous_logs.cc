#include "cli/cluster/previous_logs.h"

#include <fmt/format.h>

namespace trainyard::cli {
namespace {

using operators::PodView;

std::string WhyNobody(std::span<const PodView> pods, const FollowOptions& options) {
  if (options.replica) {
    return fmt::format("{} {}", options.replica->Name(),
                       pods.empty() ? "has no pod" : "has not been restarted");
  }
  return pods.empty() ? fmt::format("job {} has no pods", options.job)
                      : fmt::format("no pod of job {} has been restarted", options.job);
}

}  // namespace

PreviousLogs FindPreviousLogs(std::span<const PodView> pods, const FollowOptions& options) {
  PreviousLogs found;
  std::vector<std::string> replaced;
  for (const PodView& pod : pods) {
    if (pod.replica.in_place_restarts > 0) {
      found.pods.push_back(pod);
    } else if (pod.replica.instance > 0) {
      replaced.push_back(pod.replica.id.Name());
    }
  }
  if (replaced.size() == 1) {
    found.why_not = fmt::format("the earlier pod of {} was replaced, and its log went with it",
                                replaced.front());
  } else if (!replaced.empty()) {
    found.why_not =
        fmt::format("the earlier pods of {} were replaced, and their logs went with them",
                    fmt::join(replaced, ", "));
  } else if (found.pods.empty()) {
    found.why_not = WhyNobody(pods, options);
  }
  return found;
}

}  // namespace trainyard::cli

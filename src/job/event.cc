#include "job/event.h"

#include <fmt/format.h>

namespace trainyard::job {

Event ToEvent(const Condition& condition, bool is_warning) {
  return {.is_warning = is_warning,
          .reason = condition.reason,
          .message = condition.message,
          .replica = std::nullopt};
}

std::string PodName(const spec::TFJob& job, const ReplicaId& id) {
  return fmt::format("{}-{}", job.name, id.Name());
}

Event ExitedWithCode(const spec::TFJob& job, const ReplicaId& id, int exit_code) {
  return {.reason = "ExitedWithCode",
          .message = fmt::format("Pod: {}.{} exited with code {}", job.name_space, PodName(job, id),
                                 exit_code),
          .replica = id,
          .is_routine = exit_code == 0};
}

Event Stuck(const spec::TFJob& job, const ReplicaId& id, const std::string& cause) {
  const size_t colon = cause.find(": ");
  const std::string reason = cause.substr(0, colon);
  const std::string detail = colon == std::string::npos ? cause : cause.substr(colon + 2);
  // What the scheduler says is a condition of the pod, the rest is said of its container.
  const std::string place =
      reason == "Unschedulable" ? "condition" : "container tensorflow waiting";
  return {.is_warning = true,
          .reason = reason,
          .message = fmt::format("Error pod {} {} message: {}", PodName(job, id), place, detail),
          .replica = id};
}

Event RestartPolicyIsOverwritten() {
  return {.is_warning = true,
          .reason = "SetPodTemplateRestartPolicy",
          .message =
              "Restart policy in pod template will be overwritten by restart policy in "
              "replica spec",
          .replica = std::nullopt};
}

}  // namespace trainyard::job

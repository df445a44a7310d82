#include "operator/pod_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "operator/names.h"

namespace trainyard::operators {
namespace {

using job::Phase;
using kube::Json;

// Why pods end that did not want to: kubelet, scheduler and controllers say so in status.reason.
constexpr std::string_view kDisruptions[] = {
    "Evicted",    "NodeLost",    "NodeShutdown", "NodeAffinity",
    "Preempting", "Shutdown",    "Terminated",   "UnexpectedAdmissionError",
    "OutOfcpu",   "OutOfmemory", "OutOfpods",    "OutOfephemeral-storage"};

// What a container waits for in the ordinary course of its start.
constexpr std::string_view kOrdinaryWaits[] = {"ContainerCreating", "PodInitializing"};

std::string JobKey(const Json& object) {
  return kube::Namespace(object) + "/" + kube::Label(object, kJobNameLabel);
}

// The status of the container that counts; null if the kubelet has told nothing yet.
const Json* MainContainer(const Json& pod) {
  const Json& statuses = kube::GetList(pod, {"status", "containerStatuses"});
  for (const Json& status : statuses) {
    if (kube::GetString(status, {"name"}) == "tensorflow") return &status;
  }
  return statuses.empty() ? nullptr : &statuses.front();
}

// Kubelet, scheduler or a controller say that they have ended it.
bool IsCalledDisrupted(const Json& pod) {
  const std::string reason = kube::GetString(pod, {"status", "reason"});
  if (std::find(std::begin(kDisruptions), std::end(kDisruptions), reason) !=
      std::end(kDisruptions)) {
    return true;
  }
  for (const Json& condition : kube::GetList(pod, {"status", "conditions"})) {
    if (kube::GetString(condition, {"type"}) == "DisruptionTarget" &&
        kube::GetString(condition, {"status"}) == "True") {
      return true;
    }
  }
  return false;
}

// Will the kubelet start a container again that has ended so?
bool RestartsInPlace(const Json& pod, int64_t exit_code) {
  const std::string policy = kube::GetString(pod, {"spec", "restartPolicy"});
  return policy == "Always" || policy.empty() || (policy == "OnFailure" && exit_code != 0);
}

std::string Cause(std::string_view reason, std::string_view message) {
  if (reason.empty()) return {};
  return message.empty() ? std::string(reason) : fmt::format("{}: {}", reason, message);
}

std::string WaitingFor(const Json& pod) {
  for (const std::string_view list : {"initContainerStatuses", "containerStatuses"}) {
    for (const Json& status : kube::GetList(pod, {"status", list})) {
      const std::string reason = kube::GetString(status, {"state", "waiting", "reason"});
      const bool is_ordinary = std::find(std::begin(kOrdinaryWaits), std::end(kOrdinaryWaits),
                                         reason) != std::end(kOrdinaryWaits);
      if (!reason.empty() && !is_ordinary) {
        return Cause(reason, kube::GetString(status, {"state", "waiting", "message"}));
      }
    }
  }
  for (const Json& condition : kube::GetList(pod, {"status", "conditions"})) {
    if (kube::GetString(condition, {"type"}) == "PodScheduled" &&
        kube::GetString(condition, {"status"}) == "False") {
      return Cause(kube::GetString(condition, {"reason"}), kube::GetString(condition, {"message"}));
    }
  }
  return {};
}

int ToInt(int64_t value) { return static_cast<int>(std::clamp<int64_t>(value, 0, 1'000'000'000)); }

// Ended because it was told to end, for all one can see: not before the deletion, which times in
// whole seconds tell only roughly. A container that the kubelet has lost has no time of its end.
bool EndedWhenTold(const Json& pod, const std::optional<job::TimePoint>& ended_at) {
  const auto deleted_at = kube::GetTime(pod, {"metadata", "deletionTimestamp"});
  if (!deleted_at) return false;
  const std::chrono::seconds grace(kube::GetInt(pod, {"metadata", "deletionGracePeriodSeconds"}));
  return !ended_at || *ended_at >= *deleted_at - grace;
}

// The container has ended and stays so.
void ReadEnd(const Json& pod, const Json& terminated, job::ReplicaView* view) {
  const int exit_code = ToInt(kube::GetInt(terminated, {"exitCode"}));
  view->phase = exit_code == 0 ? Phase::kSucceeded : Phase::kFailed;
  view->exit_code = exit_code;
  view->out_of_memory = kube::GetString(terminated, {"reason"}) == "OOMKilled";
  view->started_at = kube::GetTime(terminated, {"startedAt"}).value_or(view->started_at);
  const auto ended_at = kube::GetTime(terminated, {"finishedAt"});
  view->ended_at = ended_at.value_or(view->started_at);
  view->disrupted = view->phase == Phase::kFailed && IsCalledDisrupted(pod);
  if (EndedWhenTold(pod, ended_at)) {
    // With 0 as well: what a well-behaved program does when it is drained, its work not done.
    view->phase = Phase::kFailed;
    view->disrupted = true;
  }
  const std::string phase = kube::GetString(pod, {"status", "phase"});
  view->lingers = phase == "Running" || phase == "Pending";
}

// The pod has ended, and nothing is known of its container: evicted, or refused by the kubelet.
void ReadPodEnd(const Json& pod, std::string_view phase, job::ReplicaView* view) {
  view->phase = phase == "Succeeded" ? Phase::kSucceeded : Phase::kFailed;
  view->exit_code = 0;
  view->disrupted =
      view->phase == Phase::kFailed && (kube::IsBeingDeleted(pod) || IsCalledDisrupted(pod));
  view->ended_at = view->started_at;
}

void ReadReplica(const Json& pod, job::ReplicaView* view) {
  const std::string phase = kube::GetString(pod, {"status", "phase"});
  view->started_at =
      kube::GetTime(pod, {"status", "startTime"})
          .value_or(
              kube::GetTime(pod, {"metadata", "creationTimestamp"}).value_or(job::TimePoint{}));
  const bool is_over = phase == "Succeeded" || phase == "Failed";
  const Json* container = MainContainer(pod);
  if (container == nullptr) {
    if (is_over) return ReadPodEnd(pod, phase, view);
    view->waiting_for = WaitingFor(pod);
    return;
  }
  view->in_place_restarts = ToInt(kube::GetInt(*container, {"restartCount"}));
  const Json* terminated = kube::Find(*container, {"state", "terminated"});
  if (terminated != nullptr && terminated->is_object()) {
    const bool goes_on = !is_over && !kube::IsBeingDeleted(pod) &&
                         RestartsInPlace(pod, kube::GetInt(*terminated, {"exitCode"}));
    if (!goes_on) return ReadEnd(pod, *terminated, view);
  } else if (is_over) {
    return ReadPodEnd(pod, phase, view);
  }
  view->exit_code = ToInt(kube::GetInt(*container, {"lastState", "terminated", "exitCode"}));
  const Json* running = kube::Find(*container, {"state", "running"});
  if (running != nullptr || view->in_place_restarts > 0) {
    view->phase = Phase::kRunning;
    if (running != nullptr) {
      view->started_at = kube::GetTime(*running, {"startedAt"}).value_or(view->started_at);
    }
  } else {
    view->waiting_for = WaitingFor(pod);
  }
}

int ReadInstance(const Json& pod) {
  const std::string text = kube::Label(pod, kInstanceLabel);
  int instance = 0;
  std::from_chars(text.data(), text.data() + text.size(), instance);
  return std::max(instance, 0);
}

}  // namespace

PodView ToPodView(const Json& pod) {
  PodView view;
  view.name = kube::Name(pod);
  view.uid = kube::Uid(pod);
  view.owner_uid = kube::ToCompactUid(kube::ControllerUid(pod));
  view.job_key = JobKey(pod);
  view.node = kube::GetString(pod, {"spec", "nodeName"});
  const Json* container = MainContainer(pod);
  view.container = container == nullptr ? "tensorflow" : kube::GetString(*container, {"name"});
  view.is_told_to_end = kube::GetInt(pod, {"spec", "activeDeadlineSeconds"}) == 1;
  view.deleted_at = kube::GetTime(pod, {"metadata", "deletionTimestamp"});
  if (const auto id = ReadReplicaId(pod)) {
    view.has_id = true;
    view.replica.id = *id;
  }
  view.replica.instance = ReadInstance(pod);
  ReadReplica(pod, &view.replica);
  return view;
}

ServiceView ToServiceView(const Json& service) {
  return {.name = kube::Name(service),
          .uid = kube::Uid(service),
          .owner_uid = kube::ToCompactUid(kube::ControllerUid(service)),
          .job_key = JobKey(service),
          .id = ReadReplicaId(service)};
}

const kube::Fields& PodFields() {
  static const kube::Fields kFields{"metadata.labels",
                                    "metadata.ownerReferences",
                                    "metadata.creationTimestamp",
                                    "metadata.deletionTimestamp",
                                    "metadata.deletionGracePeriodSeconds",
                                    "spec.nodeName",
                                    "spec.restartPolicy",
                                    "spec.activeDeadlineSeconds",
                                    "status.phase",
                                    "status.reason",
                                    "status.startTime",
                                    "status.conditions",
                                    "status.initContainerStatuses.state",
                                    "status.containerStatuses.name",
                                    "status.containerStatuses.state",
                                    "status.containerStatuses.lastState",
                                    "status.containerStatuses.restartCount"};
  return kFields;
}

const kube::Fields& ServiceFields() {
  static const kube::Fields kFields{"metadata.labels", "metadata.ownerReferences"};
  return kFields;
}

}  // namespace trainyard::operators

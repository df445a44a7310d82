#include "operator/gang.h"

#include <fmt/format.h>

#include <cmath>
#include <map>

#include "operator/names.h"
#include "spec/quantity.h"

namespace trainyard::operators {
namespace {

using kube::Json;

constexpr std::string_view kVolcano = "volcano";

// "2", or "1500m" where it is no whole number.
std::string FormatQuantity(double amount) {
  const double rounded = std::round(amount);
  if (std::abs(amount - rounded) < 1e-6) return fmt::format("{:.0f}", rounded);
  return fmt::format("{:.0f}m", std::ceil(amount * 1000 - 1e-6));
}

using Amounts = std::map<std::string, double>;

// What one container asks for; a limit counts as a request where there is none.
void AddContainer(const Json& container, Amounts* sum) {
  Amounts wants;
  for (const char* kind : {"limits", "requests"}) {
    const Json* resources = kube::Find(container, {"resources", kind});
    if (resources == nullptr || !resources->is_object()) continue;
    for (const auto& [name, value] : resources->items()) {
      const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
      if (const auto amount = spec::ParseQuantity(text)) wants[name] = *amount;
    }
  }
  for (const auto& [name, amount] : wants) (*sum)[name] += amount;
}

Json MinResources(const LoadedJob& loaded, int min_member) {
  Json out = Json::object();
  const spec::SchedulingPolicy& policy = loaded.job.run_policy.scheduling_policy;
  if (!policy.min_resources.empty()) {
    for (const auto& [name, amount] : policy.min_resources) out[name] = amount;
    return out;
  }
  Amounts sum;
  int left = min_member;
  for (const auto& [type, replica] : loaded.job.replicas) {
    const Json* pod_template = FindTemplate(loaded.object, type);
    if (pod_template == nullptr) continue;
    for (int i = 0; i < replica.replicas && left > 0; ++i, --left) {
      for (const Json& container : kube::GetList(*pod_template, {"spec", "containers"})) {
        AddContainer(container, &sum);
      }
    }
  }
  for (const auto& [name, amount] : sum) out[name] = FormatQuantity(amount);
  return out;
}

}  // namespace

kube::Resource PodGroups(std::string_view scheduler_name) {
  if (scheduler_name == kVolcano) {
    return {.group = "scheduling.volcano.sh", .version = "v1beta1", .plural = "podgroups"};
  }
  return {.group = "scheduling.x-k8s.io", .version = "v1alpha1", .plural = "podgroups"};
}

Json BuildPodGroup(const LoadedJob& loaded, std::string_view scheduler_name) {
  const spec::TFJob& job = loaded.job;
  const spec::SchedulingPolicy& policy = job.run_policy.scheduling_policy;
  const int min_member = policy.min_available.value_or(job.NumReplicas());
  Json group = {{"apiVersion", PodGroups(scheduler_name).api_version()},
                {"kind", "PodGroup"},
                {"metadata",
                 {{"name", job.name},
                  {"namespace", job.name_space},
                  {"labels",
                   {{std::string(kJobNameLabel), job.name},
                    {std::string(kOperatorNameLabel), std::string(kOperatorName)}}},
                  {"ownerReferences", OwnerReferences(job)}}},
                {"spec", {{"minMember", min_member}}}};
  Json& spec = group["spec"];
  const Json resources = MinResources(loaded, min_member);
  if (!resources.empty()) spec["minResources"] = resources;
  if (scheduler_name == kVolcano) {
    if (const Json* annotations = kube::Find(loaded.object, {"metadata", "annotations"})) {
      group["metadata"]["annotations"] = *annotations;
    }
    spec["queue"] = policy.queue.empty() ? "default" : policy.queue;
    if (!policy.priority_class.empty()) spec["priorityClassName"] = policy.priority_class;
  } else if (policy.schedule_timeout_seconds) {
    spec["scheduleTimeoutSeconds"] = *policy.schedule_timeout_seconds;
  }
  return group;
}

void JoinGang(const spec::TFJob& job, const job::ReplicaId& id, std::string_view scheduler_name,
              Json* pod) {
  if (scheduler_name.empty()) return;
  Json& metadata = (*pod)["metadata"];
  std::string scheduler = kube::GetString(*pod, {"spec", "schedulerName"});
  if (scheduler_name == kVolcano) {
    metadata["annotations"]["scheduling.k8s.io/group-name"] = job.name;
    metadata["annotations"]["volcano.sh/task-spec"] = spec::TaskTypeName(id.type);
    if (scheduler.empty()) scheduler = kVolcano;
  } else {
    metadata["labels"]["scheduling.x-k8s.io/pod-group"] = job.name;
    if (scheduler.empty()) scheduler = scheduler_name;
  }
  (*pod)["spec"]["schedulerName"] = scheduler;
}

bool IsAdmitted(const Json& pod_group, std::string_view scheduler_name) {
  if (scheduler_name != kVolcano) return true;
  const std::string phase = kube::GetString(pod_group, {"status", "phase"});
  return !phase.empty() && phase != "Pending";
}

}  // namespace trainyard::operators

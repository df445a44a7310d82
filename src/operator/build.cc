#include "operator/build.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "job/event.h"
#include "job/rules.h"
#include "operator/gang.h"
#include "operator/names.h"
#include "spec/job_tf_config.h"

namespace trainyard::operators {
namespace {

using kube::Json;

// The container that the job is about; null only if the template has none at all.
Json* MainContainer(Json* pod_spec) {
  Json& containers = (*pod_spec)["containers"];
  if (!containers.is_array() || containers.empty()) return nullptr;
  for (Json& container : containers) {
    if (kube::GetString(container, {"name"}) == "tensorflow") return &container;
  }
  return &containers.front();
}

void AddToList(Json* owner, const char* key, Json item) {
  Json& list = (*owner)[key];
  if (!list.is_array()) list = Json::array();
  list.push_back(std::move(item));
}

void AddPort(const spec::ReplicaSpec& replica, Json* container) {
  const int number = spec::TensorFlowPort(replica);
  for (const Json& port : kube::GetList(*container, {"ports"})) {
    if (kube::GetInt(port, {"containerPort"}) == number) return;
  }
  AddToList(container, "ports",
            {{"name", spec::kTensorFlowPortName}, {"containerPort", number}, {"protocol", "TCP"}});
}

Json BuildMetadata(const LoadedJob& loaded, const Json& pod_template, const job::ReplicaId& id,
                   int instance) {
  const spec::TFJob& job = loaded.job;
  Json metadata = {{"name", job::PodName(job, id)},
                   {"namespace", job.name_space},
                   {"labels", Json::object()},
                   {"ownerReferences", OwnerReferences(job)}};
  if (job.rules != spec::JobRules::kV1Alpha1) {
    for (const char* key : {"labels", "annotations", "finalizers"}) {
      const Json* value = kube::Find(pod_template, {"metadata", key});
      if (value != nullptr && !value->is_null()) metadata[key] = *value;
    }
  }
  for (const auto& [key, value] : ReplicaLabels(job, id)) metadata["labels"][key] = value;
  if (HasMasterRole(job, id)) metadata["labels"][std::string(kJobRoleLabel)] = "master";
  metadata["labels"][std::string(kInstanceLabel)] = std::to_string(instance);
  return metadata;
}

// The API's word; kExitCode never comes out of PodRestartPolicy().
std::string_view RestartPolicyWord(const spec::TFJob& job, spec::ReplicaType type) {
  return spec::RestartPolicyName(job::PodRestartPolicy(job, type));
}

}  // namespace

spec::ClusterSpec BuildClusterSpec(const spec::TFJob& job, const BuildOptions& options) {
  spec::ClusterSpec cluster;
  for (const auto& [type, replica] : job.replicas) {
    auto& tasks = cluster.jobs[std::string(spec::TaskTypeName(type))];
    for (int index = 0; index < replica.replicas; ++index) {
      tasks[index] = ReplicaAddress(job, {type, index}, options.cluster_domain);
    }
  }
  std::erase_if(cluster.jobs, [](const auto& entry) { return entry.second.empty(); });
  return cluster;
}

Json BuildPod(const LoadedJob& loaded, const job::ReplicaId& id, int instance,
              const spec::ClusterSpec& cluster, const BuildOptions& options) {
  const spec::TFJob& job = loaded.job;
  const Json* found = FindTemplate(loaded.object, id.type);
  const Json& pod_template = found == nullptr ? Json::object() : *found;
  Json pod = {{"apiVersion", "v1"},
              {"kind", "Pod"},
              {"metadata", BuildMetadata(loaded, pod_template, id, instance)},
              {"spec", pod_template.value("spec", Json::object())}};
  Json& pod_spec = pod["spec"];
  pod_spec["restartPolicy"] = RestartPolicyWord(job, id.type);
  if (job.rules == spec::JobRules::kV1Alpha1) {
    const std::string scheduler = kube::GetString(loaded.object, {"spec", "schedulerName"});
    if (!scheduler.empty()) pod_spec["schedulerName"] = scheduler;
  }
  if (Json* container = MainContainer(&pod_spec)) {
    AddPort(job.replicas.at(id.type), container);
    if (const auto tf_config = spec::JobTfConfig(job, cluster, id.type, id.index)) {
      AddToList(container, "env", {{"name", "TF_CONFIG"}, {"value", *tf_config}});
    }
  }
  JoinGang(job, id, options.gang_scheduler_name, &pod);
  return pod;
}

Json BuildService(const spec::TFJob& job, const job::ReplicaId& id) {
  const Labels labels = ReplicaLabels(job, id);
  Json ports = Json::array();
  std::set<int> numbers;
  const auto add = [&](std::string name, int number) {
    if (!numbers.insert(number).second) return;
    if (name.empty()) name = fmt::format("port-{}", number);
    ports.push_back({{"name", std::move(name)}, {"port", number}});
  };
  const auto replica = job.replicas.find(id.type);
  if (replica != job.replicas.end()) {
    for (const auto& port : replica->second.pod.container.ports) add(port.name, port.port);
    add(std::string(spec::kTensorFlowPortName), spec::TensorFlowPort(replica->second));
  }
  return {{"apiVersion", "v1"},
          {"kind", "Service"},
          {"metadata",
           {{"name", job::PodName(job, id)},
            {"namespace", job.name_space},
            {"labels", labels},
            {"ownerReferences", OwnerReferences(job)}}},
          {"spec",
           {{"clusterIP", "None"},
            {"selector", labels},
            {"ports", std::move(ports)},
            // Replicas look for each other long before they are ready, and wait for each other.
            {"publishNotReadyAddresses", true}}}};
}

bool HasOtherScheduler(const LoadedJob& loaded, const BuildOptions& options) {
  if (options.gang_scheduler_name.empty()) return false;
  for (const auto& [type, replica] : loaded.job.replicas) {
    const Json* pod_template = FindTemplate(loaded.object, type);
    if (pod_template == nullptr) continue;
    const std::string name = kube::GetString(*pod_template, {"spec", "schedulerName"});
    if (!name.empty() && name != options.gang_scheduler_name) return true;
  }
  return false;
}

}  // namespace trainyard::operators

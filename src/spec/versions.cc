#include "spec/versions.h"

#include <algorithm>

#include "spec/pod_template.h"
#include "spec/quantity.h"

namespace trainyard::spec {
namespace {

constexpr std::string_view kPolicyFields[] = {"cleanPodPolicy", "ttlSecondsAfterFinished",
                                              "activeDeadlineSeconds", "backoffLimit"};

Status ReadCleanPodPolicy(const Reader& reader, const Node& map, std::string_view path,
                          std::string_view key, CleanPodPolicy* out) {
  return reader.Enum<CleanPodPolicy>(map, path, key,
                                     {{"None", CleanPodPolicy::kNone},
                                      {"Running", CleanPodPolicy::kRunning},
                                      {"All", CleanPodPolicy::kAll}},
                                     out);
}

// The fields that stand under runPolicy today and stood directly under spec before.
Status ReadCommonPolicy(const Reader& reader, const Node& map, std::string_view path,
                        RunPolicy* out) {
  RETURN_IF_ERROR(ReadCleanPodPolicy(reader, map, path, "cleanPodPolicy", &out->clean_pod_policy));
  RETURN_IF_ERROR(reader.OptionalInt(map, path, "ttlSecondsAfterFinished", 0,
                                     &out->ttl_seconds_after_finished));
  RETURN_IF_ERROR(
      reader.OptionalInt(map, path, "activeDeadlineSeconds", 0, &out->active_deadline_seconds));
  return reader.OptionalInt(map, path, "backoffLimit", 0, &out->backoff_limit);
}

Status ReadSchedulingPolicy(const Reader& reader, const Node& run_policy, std::string_view owner,
                            SchedulingPolicy* out) {
  ASSIGN_OR_RETURN(const Node* policy, reader.Map(run_policy, owner, "schedulingPolicy"));
  if (policy == nullptr) return OkStatus();
  const std::string path = JoinFields(owner, "schedulingPolicy");
  RETURN_IF_ERROR(reader.CheckKeys(
      *policy, path,
      {"minAvailable", "queue", "minResources", "priorityClass", "scheduleTimeoutSeconds"}));
  RETURN_IF_ERROR(reader.OptionalInt(*policy, path, "minAvailable", 0, &out->min_available));
  RETURN_IF_ERROR(reader.String(*policy, path, "queue", &out->queue));
  RETURN_IF_ERROR(reader.String(*policy, path, "priorityClass", &out->priority_class));
  RETURN_IF_ERROR(reader.OptionalInt(*policy, path, "scheduleTimeoutSeconds", 0,
                                     &out->schedule_timeout_seconds));
  ASSIGN_OR_RETURN(const Node* resources, reader.Map(*policy, path, "minResources"));
  if (resources == nullptr) return OkStatus();
  for (const Node::Member& member : resources->members) {
    RETURN_IF_ERROR(
        ReadQuantity(reader, member.value, path + ".minResources." + member.key).status());
    out->min_resources[member.key] = member.value.text;
  }
  return OkStatus();
}

Status ReadRunPolicy(const Reader& reader, const Node& policy, RunPolicy* out) {
  const std::string path = "spec.runPolicy";
  RETURN_IF_ERROR(
      reader.CheckKeys(policy, path,
                       {"cleanPodPolicy", "ttlSecondsAfterFinished", "activeDeadlineSeconds",
                        "backoffLimit", "suspend", "managedBy", "schedulingPolicy"}));
  RETURN_IF_ERROR(ReadCommonPolicy(reader, policy, path, out));
  RETURN_IF_ERROR(reader.Bool(policy, path, "suspend", &out->suspend));
  RETURN_IF_ERROR(reader.String(policy, path, "managedBy", &out->managed_by));
  if (!out->managed_by.empty() && out->managed_by != "kubeflow.org/training-operator" &&
      out->managed_by != "kueue.x-k8s.io/multikueue") {
    return reader.Fail(*policy.Find("managedBy"), path + ".managedBy",
                       "expected kubeflow.org/training-operator or kueue.x-k8s.io/multikueue");
  }
  return ReadSchedulingPolicy(reader, policy, path, &out->scheduling_policy);
}

Result<ReplicaSpec> ReadReplica(const Reader& reader, const Node& node, const std::string& path) {
  ReplicaSpec replica;
  RETURN_IF_ERROR(reader.CheckKeys(node, path, {"replicas", "restartPolicy", "template"}));
  RETURN_IF_ERROR(reader.Int(node, path, "replicas", 0, &replica.replicas));
  RETURN_IF_ERROR(reader.Enum<RestartPolicy>(node, path, "restartPolicy",
                                             {{"Always", RestartPolicy::kAlways},
                                              {"OnFailure", RestartPolicy::kOnFailure},
                                              {"Never", RestartPolicy::kNever},
                                              {"ExitCode", RestartPolicy::kExitCode}},
                                             &replica.restart_policy));
  ASSIGN_OR_RETURN(PodTemplate pod_template, ReadPodTemplate(reader, node, path));
  replica.pod = std::move(pod_template.pod);
  return replica;
}

Status ReadReplicas(const Reader& reader, const Node& spec, TFJob* job) {
  const std::string path = "spec.tfReplicaSpecs";
  ASSIGN_OR_RETURN(const Node* map, reader.Map(spec, "spec", "tfReplicaSpecs"));
  if (map == nullptr) return reader.Fail(spec, path, "must be required");
  for (const Node::Member& member : map->members) {
    Node place;
    place.line = member.line;
    place.column = member.column;
    const std::string member_path = path + "." + member.key;
    const std::optional<ReplicaType> type = ToReplicaType(member.key);
    if (!type) {
      return reader.Fail(place, path,
                         fmt::format("unknown replica type \"{}\"; expected Chief, Master, Worker, "
                                     "PS or Evaluator",
                                     member.key.substr(0, 60)));
    }
    if (job->Has(*type)) {
      return reader.Fail(place, member_path,
                         fmt::format("a second spec for {}", ReplicaTypeName(*type)));
    }
    if (!member.value.is_map()) return reader.Fail(place, member_path, "expected a map");
    ASSIGN_OR_RETURN(job->replicas[*type], ReadReplica(reader, member.value, member_path));
  }
  return OkStatus();
}

// Which policy fields stand directly under spec.
const Node::Member* FlatPolicyField(const Node& spec) {
  for (const Node::Member& member : spec.members) {
    if (std::find(std::begin(kPolicyFields), std::end(kPolicyFields), member.key) !=
        std::end(kPolicyFields)) {
      return &member;
    }
  }
  return nullptr;
}

// v1alpha1 gives the port beside the template; it goes before one that the container names.
Status ReadAlphaPort(const Reader& reader, const Node& node, const std::string& path,
                     std::vector<ContainerPort>* ports) {
  std::optional<int> port;
  RETURN_IF_ERROR(reader.OptionalInt(node, path, "tfPort", 1, &port));
  if (!port) return OkStatus();
  if (*port > 65535) {
    return reader.Fail(*node.Find("tfPort"), path + ".tfPort", "expected a number from 1 to 65535");
  }
  std::erase_if(*ports, [](const ContainerPort& p) { return p.name == kTensorFlowPortName; });
  ports->push_back({.name = std::string(kTensorFlowPortName), .port = *port});
  return OkStatus();
}

// v1alpha1: one entry of the list.
Status ReadAlphaReplica(const Reader& reader, const Node& node, const std::string& path,
                        TFJob* job) {
  if (!node.is_map()) return reader.Fail(node, path, "expected a map");
  RETURN_IF_ERROR(
      reader.CheckKeys(node, path, {"tfReplicaType", "replicas", "tfPort", "template"}));
  ReplicaType type = ReplicaType::kMaster;
  RETURN_IF_ERROR(reader.Enum<ReplicaType>(node, path, "tfReplicaType",
                                           {{"MASTER", ReplicaType::kMaster},
                                            {"WORKER", ReplicaType::kWorker},
                                            {"PS", ReplicaType::kPs}},
                                           &type));
  if (job->Has(type)) {
    return reader.Fail(node, path, fmt::format("a second spec for {}", ReplicaTypeName(type)));
  }
  ReplicaSpec replica;
  RETURN_IF_ERROR(reader.Int(node, path, "replicas", 0, &replica.replicas));
  if (type == ReplicaType::kMaster && replica.replicas != 1) {
    return reader.Fail(*node.Find("replicas"), path + ".replicas",
                       "The MASTER must have Replicas = 1");
  }
  ASSIGN_OR_RETURN(PodTemplate pod_template,
                   ReadPodTemplate(reader, node, path, {.ignores_metadata = true}));
  replica.pod = std::move(pod_template.pod);
  RETURN_IF_ERROR(ReadAlphaPort(reader, node, path, &replica.pod.container.ports));
  // Kubernetes' own default, where v1 would say Never. It is the pod's, so nothing replaces it.
  replica.restart_policy = pod_template.restart_policy.value_or(RestartPolicy::kAlways);
  replica.pod.has_own_restart_policy = false;
  job->replicas[type] = std::move(replica);
  return OkStatus();
}

// v1alpha1 names the replica whose end is the job's end; two of the choices have a form in v1.
Status CheckTerminationPolicy(const Reader& reader, const Node& spec, const TFJob& job) {
  std::string name = "MASTER";
  int index = 0;
  const Node* place = &spec;
  ASSIGN_OR_RETURN(const Node* policy, reader.Map(spec, "spec", "terminationPolicy"));
  if (policy != nullptr) {
    const std::string path = "spec.terminationPolicy";
    RETURN_IF_ERROR(reader.CheckKeys(*policy, path, {"chief"}));
    ASSIGN_OR_RETURN(const Node* chief, reader.Map(*policy, path, "chief"));
    if (chief != nullptr) {
      place = chief;
      RETURN_IF_ERROR(reader.CheckKeys(*chief, path + ".chief", {"replicaName", "replicaIndex"}));
      RETURN_IF_ERROR(reader.String(*chief, path + ".chief", "replicaName", &name));
      RETURN_IF_ERROR(reader.Int(*chief, path + ".chief", "replicaIndex", 0, &index));
    }
  }
  const bool has_master = job.Has(ReplicaType::kMaster);
  if (name == "MASTER" && index == 0) {
    if (has_master) return OkStatus();
    return reader.Fail(*place, "spec", "Missing ReplicaSpec for chief: MASTER");
  }
  if (name == "WORKER" && index == 0 && !has_master) return OkStatus();
  return reader.Fail(*place, "spec.terminationPolicy.chief",
                     "expected MASTER 0, or WORKER 0 in a job without MASTER");
}

}  // namespace

Status ReadSpecV1(const Reader& reader, const Node& spec, TFJob* job) {
  RETURN_IF_ERROR(reader.CheckKeys(
      spec, "spec",
      {"tfReplicaSpecs", "runPolicy", "successPolicy", "enableDynamicWorker", "cleanPodPolicy",
       "ttlSecondsAfterFinished", "activeDeadlineSeconds", "backoffLimit"}));
  ASSIGN_OR_RETURN(const Node* policy, reader.Map(spec, "spec", "runPolicy"));
  const Node::Member* flat = FlatPolicyField(spec);
  if (policy != nullptr && flat != nullptr) {
    return reader.Fail(flat->value, "spec." + flat->key,
                       "stands beside spec.runPolicy; move it there");
  }
  if (flat != nullptr) {
    job->run_policy.clean_pod_policy = CleanPodPolicy::kRunning;
    RETURN_IF_ERROR(ReadCommonPolicy(reader, spec, "spec", &job->run_policy));
  }
  if (policy != nullptr) RETURN_IF_ERROR(ReadRunPolicy(reader, *policy, &job->run_policy));
  RETURN_IF_ERROR(reader.Enum<SuccessPolicy>(
      spec, "spec", "successPolicy",
      {{"", SuccessPolicy::kDefault}, {"AllWorkers", SuccessPolicy::kAllWorkers}},
      &job->success_policy));
  RETURN_IF_ERROR(reader.Bool(spec, "spec", "enableDynamicWorker", &job->enable_dynamic_worker));
  return ReadReplicas(reader, spec, job);
}

Status ReadSpecBeta(const Reader& reader, const Node& spec, TFJob* job) {
  RETURN_IF_ERROR(reader.CheckKeys(spec, "spec",
                                   {"tfReplicaSpecs", "cleanPodPolicy", "ttlSecondsAfterFinished",
                                    "activeDeadlineSeconds", "backoffLimit"}));
  job->run_policy.clean_pod_policy = CleanPodPolicy::kRunning;
  RETURN_IF_ERROR(ReadCommonPolicy(reader, spec, "spec", &job->run_policy));
  return ReadReplicas(reader, spec, job);
}

Status ReadSpecV1Alpha1(const Reader& reader, const Node& spec, TFJob* job) {
  RETURN_IF_ERROR(reader.CheckKeys(spec, "spec",
                                   {"replicaSpecs", "tfImage", "terminationPolicy", "schedulerName",
                                    "RuntimeId", "cleanupPodPolicy"}));
  job->rules = JobRules::kV1Alpha1;
  job->run_policy.clean_pod_policy = CleanPodPolicy::kAll;
  // What the old controller made of these has no meaning any more.
  for (const std::string_view key : {"tfImage", "schedulerName", "RuntimeId"}) {
    std::string unused;
    RETURN_IF_ERROR(reader.String(spec, "spec", key, &unused));
  }
  RETURN_IF_ERROR(ReadCleanPodPolicy(reader, spec, "spec", "cleanupPodPolicy",
                                     &job->run_policy.clean_pod_policy));
  ASSIGN_OR_RETURN(const Node* list, reader.List(spec, "spec", "replicaSpecs"));
  if (list == nullptr) return reader.Fail(spec, "spec.replicaSpecs", "must be required");
  for (size_t i = 0; i < list->items.size(); ++i) {
    RETURN_IF_ERROR(
        ReadAlphaReplica(reader, list->items[i], fmt::format("spec.replicaSpecs[{}]", i), job));
  }
  return CheckTerminationPolicy(reader, spec, *job);
}

}  // namespace trainyard::spec

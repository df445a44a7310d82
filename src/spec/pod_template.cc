#include "spec/pod_template.h"

#include <set>
#include <utility>
#include <vector>

#include "spec/container.h"
#include "spec/metadata.h"
#include "spec/names.h"
#include "spec/volumes.h"

namespace trainyard::spec {
namespace {

// The fields of core/v1 PodSpec, Kubernetes 1.31.
constexpr std::string_view kPodFields[] = {"activeDeadlineSeconds",
                                           "affinity",
                                           "automountServiceAccountToken",
                                           "containers",
                                           "dnsConfig",
                                           "dnsPolicy",
                                           "enableServiceLinks",
                                           "ephemeralContainers",
                                           "hostAliases",
                                           "hostIPC",
                                           "hostNetwork",
                                           "hostPID",
                                           "hostUsers",
                                           "hostname",
                                           "imagePullSecrets",
                                           "initContainers",
                                           "nodeName",
                                           "nodeSelector",
                                           "os",
                                           "overhead",
                                           "preemptionPolicy",
                                           "priority",
                                           "priorityClassName",
                                           "readinessGates",
                                           "resourceClaims",
                                           "resources",
                                           "restartPolicy",
                                           "runtimeClassName",
                                           "schedulerName",
                                           "schedulingGates",
                                           "securityContext",
                                           "serviceAccount",
                                           "serviceAccountName",
                                           "setHostnameAsFQDN",
                                           "shareProcessNamespace",
                                           "subdomain",
                                           "terminationGracePeriodSeconds",
                                           "tolerations",
                                           "topologySpreadConstraints",
                                           "volumes"};
struct NamedContainer {
  const Node* node = nullptr;  // null until found
  std::string path;
};

// Checks what holds for every container, and finds the one that counts; the others' names go to
// `others`.
Result<NamedContainer> FindContainer(const Reader& reader, const Node& pod, const std::string& path,
                                     const TemplateRules& rules, std::vector<std::string>* others) {
  ASSIGN_OR_RETURN(const Node* list, reader.List(pod, path, "containers"));
  if (list == nullptr || list->items.empty()) {
    return reader.Fail(list == nullptr ? pod : *list, path + ".containers",
                       "must be specified: at least one container");
  }
  NamedContainer found;
  std::set<std::string> names;
  const auto look = [&](const Node& item, const std::string& at) -> Status {
    std::string name;
    RETURN_IF_ERROR(reader.RequiredString(item, at, "name", &name));
    if (!IsDnsLabel(name)) {
      return reader.Fail(*item.Find("name"), at + ".name",
                         "expected lower-case letters, digits and \"-\", at most 63");
    }
    if (!names.insert(name).second) {
      return reader.Fail(*item.Find("name"), at + ".name",
                         fmt::format("a second container \"{}\"; give it another name", name));
    }
    if (found.node == nullptr && (rules.takes_first_container || name == "tensorflow")) {
      found = {.node = &item, .path = at};
      return OkStatus();
    }
    others->push_back(name);
    std::string image;
    return reader.RequiredString(item, at, "image", &image);
  };
  RETURN_IF_ERROR(reader.EachMap(pod, path, "containers", look));
  if (found.node != nullptr) return found;
  return reader.Fail(list->items[0], path + ".containers",
                     "must have at least one container with name tensorflow");
}

Status ReadPod(const Reader& reader, const Node& pod, const std::string& path,
               const TemplateRules& rules, PodTemplate* out) {
  RETURN_IF_ERROR(reader.CheckKeys(pod, path, kPodFields));
  ASSIGN_OR_RETURN(Volumes volumes, ReadVolumes(reader, pod, path));
  std::vector<std::string> others;
  ASSIGN_OR_RETURN(const NamedContainer main, FindContainer(reader, pod, path, rules, &others));
  std::vector<std::string>& cluster_only = out->pod.cluster_only;
  ASSIGN_OR_RETURN(out->pod.container,
                   ReadContainer(reader, *main.node, main.path, volumes, &cluster_only));
  out->pod.volumes = std::move(volumes.all);
  for (const std::string_view key : {"initContainers", "ephemeralContainers"}) {
    ASSIGN_OR_RETURN(const Node* list, reader.List(pod, path, key));
    if (list != nullptr && !list->items.empty()) cluster_only.emplace_back(key);
  }
  for (const std::string& name : others) cluster_only.push_back("container " + name);
  RETURN_IF_ERROR(reader.Int(pod, path, "terminationGracePeriodSeconds", 0,
                             &out->pod.termination_grace_seconds));
  RestartPolicy policy = RestartPolicy::kAlways;
  RETURN_IF_ERROR(reader.Enum<RestartPolicy>(pod, path, "restartPolicy",
                                             {{"Always", RestartPolicy::kAlways},
                                              {"OnFailure", RestartPolicy::kOnFailure},
                                              {"Never", RestartPolicy::kNever}},
                                             &policy));
  const Node* written = pod.Find("restartPolicy");
  if (written != nullptr && !written->is_null()) out->restart_policy = policy;
  out->pod.has_own_restart_policy = out->restart_policy.has_value();
  return OkStatus();
}

}  // namespace

Result<PodTemplate> ReadPodTemplate(const Reader& reader, const Node& owner,
                                    std::string_view owner_path, const TemplateRules& rules) {
  const std::string path = JoinFields(owner_path, "template");
  ASSIGN_OR_RETURN(const Node* pod_template, reader.Map(owner, owner_path, "template"));
  if (pod_template == nullptr) {
    return reader.Fail(owner, owner_path, "template must be specified, with its containers");
  }
  RETURN_IF_ERROR(reader.CheckKeys(*pod_template, path, {"metadata", "spec"}));
  ASSIGN_OR_RETURN(const Node* pod, reader.Map(*pod_template, path, "spec"));
  const std::string pod_path = path + ".spec";
  if (pod == nullptr) {
    return reader.Fail(*pod_template, pod_path, "must be specified, with its containers");
  }
  PodTemplate result;
  if (!rules.ignores_metadata) {
    ASSIGN_OR_RETURN(Metadata metadata, ReadMetadata(reader, *pod_template, path));
    result.pod.labels = std::move(metadata.labels);
    result.pod.annotations = std::move(metadata.annotations);
  }
  RETURN_IF_ERROR(ReadPod(reader, *pod, pod_path, rules, &result));
  return result;
}

}  // namespace trainyard::spec

#include "spec/pod_template.h"

#include <algorithm>
#include <array>

namespace trainyard::spec {
namespace {

// The fields of core/v1 PodSpec and Container, Kubernetes 1.31.
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
constexpr std::string_view kContainerFields[] = {"args",
                                                 "command",
                                                 "env",
                                                 "envFrom",
                                                 "image",
                                                 "imagePullPolicy",
                                                 "lifecycle",
                                                 "livenessProbe",
                                                 "name",
                                                 "ports",
                                                 "readinessProbe",
                                                 "resizePolicy",
                                                 "resources",
                                                 "restartPolicy",
                                                 "securityContext",
                                                 "startupProbe",
                                                 "stdin",
                                                 "stdinOnce",
                                                 "terminationMessagePath",
                                                 "terminationMessagePolicy",
                                                 "tty",
                                                 "volumeDevices",
                                                 "volumeMounts",
                                                 "workingDir"};

Status ReadEnv(const Reader& reader, const Node& container, const std::string& path,
               std::vector<EnvVar>* out) {
  ASSIGN_OR_RETURN(const Node* list, reader.List(container, path, "env"));
  if (list == nullptr) return OkStatus();
  for (size_t i = 0; i < list->items.size(); ++i) {
    const Node& item = list->items[i];
    const std::string item_path = fmt::format("{}.env[{}]", path, i);
    if (!item.is_map()) return reader.Fail(item, item_path, "expected a map with name and value");
    RETURN_IF_ERROR(reader.CheckKeys(item, item_path, {"name", "value", "valueFrom"}));
    EnvVar variable;
    RETURN_IF_ERROR(reader.String(item, item_path, "name", &variable.name));
    RETURN_IF_ERROR(reader.String(item, item_path, "value", &variable.value));
    if (variable.name.empty() || variable.name.find('=') != std::string::npos) {
      return reader.Fail(item, item_path, "expected a name without \"=\"");
    }
    ASSIGN_OR_RETURN(const Node* from, reader.Map(item, item_path, "valueFrom"));
    if (from != nullptr) {
      ASSIGN_OR_RETURN(const Node* field, reader.Map(*from, item_path + ".valueFrom", "fieldRef"));
      if (field != nullptr) {
        RETURN_IF_ERROR(reader.String(*field, item_path + ".valueFrom.fieldRef", "fieldPath",
                                      &variable.field_path));
      } else if (!from->members.empty()) {
        variable.other_source = from->members.front().key;
      }
    }
    out->push_back(std::move(variable));
  }
  return OkStatus();
}

Status ReadPorts(const Reader& reader, const Node& container, const std::string& path,
                 std::vector<ContainerPort>* out) {
  ASSIGN_OR_RETURN(const Node* list, reader.List(container, path, "ports"));
  if (list == nullptr) return OkStatus();
  for (size_t i = 0; i < list->items.size(); ++i) {
    const Node& item = list->items[i];
    const std::string item_path = fmt::format("{}.ports[{}]", path, i);
    if (!item.is_map()) return reader.Fail(item, item_path, "expected a map with containerPort");
    RETURN_IF_ERROR(reader.CheckKeys(item, item_path,
                                     {"name", "containerPort", "protocol", "hostPort", "hostIP"}));
    ContainerPort port;
    RETURN_IF_ERROR(reader.String(item, item_path, "name", &port.name));
    RETURN_IF_ERROR(reader.Int(item, item_path, "containerPort", 1, &port.port));
    if (port.port < 1 || port.port > 65535) {
      return reader.Fail(item, item_path, "containerPort: expected a number from 1 to 65535");
    }
    out->push_back(std::move(port));
  }
  return OkStatus();
}

Result<Container> ReadContainer(const Reader& reader, const Node& node, const std::string& path) {
  Container container;
  RETURN_IF_ERROR(reader.CheckKeys(node, path, kContainerFields));
  RETURN_IF_ERROR(reader.String(node, path, "name", &container.name));
  RETURN_IF_ERROR(reader.String(node, path, "image", &container.image));
  RETURN_IF_ERROR(reader.Strings(node, path, "command", &container.command));
  RETURN_IF_ERROR(reader.Strings(node, path, "args", &container.args));
  RETURN_IF_ERROR(reader.String(node, path, "workingDir", &container.working_dir));
  RETURN_IF_ERROR(ReadEnv(reader, node, path, &container.env));
  RETURN_IF_ERROR(ReadPorts(reader, node, path, &container.ports));
  return container;
}

Result<Container> FindContainer(const Reader& reader, const Node& pod, const std::string& path,
                                const TemplateRules& rules) {
  ASSIGN_OR_RETURN(const Node* list, reader.List(pod, path, "containers"));
  if (list == nullptr || list->items.empty()) {
    return reader.Fail(pod, path + ".containers", "must be specified: at least one container");
  }
  for (size_t i = 0; i < list->items.size(); ++i) {
    const Node& item = list->items[i];
    const std::string item_path = fmt::format("{}.containers[{}]", path, i);
    if (!item.is_map()) return reader.Fail(item, item_path, "expected a map");
    std::string name;
    RETURN_IF_ERROR(reader.String(item, item_path, "name", &name));
    if (rules.takes_first_container || name == "tensorflow")
      return ReadContainer(reader, item, item_path);
  }
  return reader.Fail(list->items[0], path + ".containers",
                     "must have at least one container with name tensorflow");
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
  RETURN_IF_ERROR(reader.CheckKeys(*pod, pod_path, kPodFields));
  PodTemplate result;
  ASSIGN_OR_RETURN(result.pod.container, FindContainer(reader, *pod, pod_path, rules));
  RETURN_IF_ERROR(reader.Int(*pod, pod_path, "terminationGracePeriodSeconds", 0,
                             &result.pod.termination_grace_seconds));
  RestartPolicy policy = RestartPolicy::kAlways;
  RETURN_IF_ERROR(reader.Enum<RestartPolicy>(*pod, pod_path, "restartPolicy",
                                             {{"Always", RestartPolicy::kAlways},
                                              {"OnFailure", RestartPolicy::kOnFailure},
                                              {"Never", RestartPolicy::kNever}},
                                             &policy));
  const Node* written = pod->Find("restartPolicy");
  if (written != nullptr && !written->is_null()) result.restart_policy = policy;
  return result;
}

}  // namespace trainyard::spec

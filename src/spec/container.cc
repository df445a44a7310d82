#include "spec/container.h"

#include <cmath>
#include <limits>
#include <set>

#include "spec/names.h"
#include "spec/pod_env.h"
#include "spec/quantity.h"

namespace trainyard::spec {
namespace {

// The fields of core/v1 Container, Kubernetes 1.31.
constexpr std::string_view kFields[] = {"args",
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

Status ReadPort(const Reader& reader, const Node& item, const std::string& path,
                ContainerPort* out) {
  RETURN_IF_ERROR(
      reader.CheckKeys(item, path, {"name", "containerPort", "protocol", "hostPort", "hostIP"}));
  RETURN_IF_ERROR(reader.String(item, path, "name", &out->name));
  if (!out->name.empty() && !IsPortName(out->name)) {
    return reader.Fail(*item.Find("name"), path + ".name",
                       "expected at most 15 lower-case letters, digits and single \"-\"");
  }
  RETURN_IF_ERROR(reader.Int(item, path, "containerPort", 1, &out->port));
  if (out->port < 1 || out->port > 65535) {
    const Node* place = item.Find("containerPort");
    return reader.Fail(place == nullptr ? item : *place, path + ".containerPort",
                       "expected a number from 1 to 65535");
  }
  return OkStatus();
}

Status ReadPorts(const Reader& reader, const Node& container, const std::string& path,
                 std::vector<ContainerPort>* out) {
  std::set<std::string> names;
  return reader.EachMap(container, path, "ports", [&](const Node& item, const std::string& at) {
    ContainerPort port;
    RETURN_IF_ERROR(ReadPort(reader, item, at, &port));
    if (!port.name.empty() && !names.insert(port.name).second) {
      return reader.Fail(*item.Find("name"), at + ".name",
                         fmt::format("a second port \"{}\"; give it another name", port.name));
    }
    out->push_back(std::move(port));
    return OkStatus();
  });
}

// `resources`.limits or .requests; those that are not for us are only checked.
Status ReadAmounts(const Reader& reader, const Node& resources, const std::string& path,
                   std::string_view key, ResourceLimits* out) {
  ASSIGN_OR_RETURN(const Node* map, reader.Map(resources, path, key));
  if (map == nullptr) return OkStatus();
  for (const Node::Member& member : map->members) {
    ASSIGN_OR_RETURN(
        const double amount,
        ReadQuantity(reader, member.value, JoinFields(JoinFields(path, key), member.key)));
    if (member.key == "cpu") out->cpu = amount;
    if (member.key == "memory") {
      constexpr auto kMost = std::numeric_limits<int64_t>::max();
      out->memory_bytes =
          amount >= static_cast<double>(kMost) ? kMost : static_cast<int64_t>(std::ceil(amount));
    }
  }
  return OkStatus();
}

Status ReadResources(const Reader& reader, const Node& container, const std::string& path,
                     Container* out) {
  ASSIGN_OR_RETURN(const Node* resources, reader.Map(container, path, "resources"));
  if (resources == nullptr) return OkStatus();
  const std::string at = path + ".resources";
  RETURN_IF_ERROR(reader.CheckKeys(*resources, at, {"limits", "requests", "claims"}));
  RETURN_IF_ERROR(ReadAmounts(reader, *resources, at, "limits", &out->limits));
  out->requests = out->limits;  // what Kubernetes requests if nothing is said
  return ReadAmounts(reader, *resources, at, "requests", &out->requests);
}

bool IsSet(const Node& map, std::string_view key) {
  const Node* node = map.Find(key);
  return node != nullptr && (!node->members.empty() || !node->items.empty());
}

void NoteClusterOnly(const Node& container, std::vector<std::string>* out) {
  for (const std::string_view key :
       {"livenessProbe", "readinessProbe", "startupProbe", "volumeDevices"}) {
    if (IsSet(container, key)) out->emplace_back(key);
  }
  const Node* resources = container.Find("resources");
  const Node* limits = resources == nullptr ? nullptr : resources->Find("limits");
  if (limits != nullptr) {
    for (const Node::Member& limit : limits->members) {
      if (limit.key != "cpu" && limit.key != "memory") out->push_back("limits." + limit.key);
    }
  }
  const Node* lifecycle = container.Find("lifecycle");
  if (lifecycle == nullptr) return;
  for (const std::string_view key : {"postStart", "preStop"}) {
    if (IsSet(*lifecycle, key)) out->push_back(JoinFields("lifecycle", key));
  }
}

}  // namespace

Result<Container> ReadContainer(const Reader& reader, const Node& node, const std::string& path,
                                const Volumes& volumes, std::vector<std::string>* cluster_only) {
  Container container;
  RETURN_IF_ERROR(reader.CheckKeys(node, path, kFields));
  RETURN_IF_ERROR(reader.String(node, path, "name", &container.name));
  RETURN_IF_ERROR(reader.String(node, path, "image", &container.image));
  RETURN_IF_ERROR(reader.Strings(node, path, "command", &container.command));
  RETURN_IF_ERROR(reader.Strings(node, path, "args", &container.args));
  RETURN_IF_ERROR(reader.String(node, path, "workingDir", &container.working_dir));
  RETURN_IF_ERROR(ReadEnvFrom(reader, node, path, &container.env_from));
  RETURN_IF_ERROR(ReadEnv(reader, node, path, &container.env));
  RETURN_IF_ERROR(ReadPorts(reader, node, path, &container.ports));
  RETURN_IF_ERROR(ReadVolumeMounts(reader, node, path, volumes, &container.volume_mounts));
  RETURN_IF_ERROR(ReadResources(reader, node, path, &container));
  NoteClusterOnly(node, cluster_only);
  return container;
}

}  // namespace trainyard::spec

#include "spec/pod_env.h"

#include <algorithm>
#include <utility>

#include "spec/names.h"
#include "spec/quantity.h"

namespace trainyard::spec {
namespace {

constexpr std::string_view kFieldPaths[] = {"metadata.name",
                                            "metadata.namespace",
                                            "metadata.uid",
                                            "spec.nodeName",
                                            "spec.serviceAccountName",
                                            "status.hostIP",
                                            "status.hostIPs",
                                            "status.podIP",
                                            "status.podIPs"};

// Also one label or annotation: metadata.labels['app'].
bool IsFieldPath(std::string_view path) {
  if (std::find(std::begin(kFieldPaths), std::end(kFieldPaths), path) != std::end(kFieldPaths)) {
    return true;
  }
  for (const std::string_view map : {"metadata.labels['", "metadata.annotations['"}) {
    if (path.starts_with(map) && path.ends_with("']") && path.size() > map.size() + 2) return true;
  }
  return false;
}

Status ReadField(const Reader& reader, const Node& ref, const std::string& path, EnvVar* out) {
  RETURN_IF_ERROR(reader.CheckKeys(ref, path, {"fieldPath", "apiVersion"}));
  RETURN_IF_ERROR(reader.RequiredString(ref, path, "fieldPath", &out->field_path));
  if (IsFieldPath(out->field_path)) return OkStatus();
  return reader.Fail(*ref.Find("fieldPath"), path + ".fieldPath",
                     fmt::format("expected {}, metadata.labels['KEY'] or "
                                 "metadata.annotations['KEY'], found \"{}\"",
                                 fmt::join(kFieldPaths, ", "), out->field_path.substr(0, 60)));
}

Status ReadResource(const Reader& reader, const Node& ref, const std::string& path, EnvVar* out) {
  RETURN_IF_ERROR(reader.CheckKeys(ref, path, {"resource", "containerName", "divisor"}));
  RETURN_IF_ERROR(reader.RequiredString(ref, path, "resource", &out->resource_field));
  if (!out->resource_field.starts_with("limits.") &&
      !out->resource_field.starts_with("requests.")) {
    return reader.Fail(*ref.Find("resource"), path + ".resource",
                       fmt::format("expected limits.cpu, limits.memory, requests.cpu, "
                                   "requests.memory or the like, found \"{}\"",
                                   out->resource_field.substr(0, 60)));
  }
  RETURN_IF_ERROR(reader.String(ref, path, "containerName", &out->resource_container));
  const Node* divisor = ref.Find("divisor");
  if (divisor == nullptr || divisor->is_null()) return OkStatus();
  ASSIGN_OR_RETURN(const double amount, ReadQuantity(reader, *divisor, path + ".divisor"));
  if (amount > 0) out->resource_divisor = amount;  // 0 is how Kubernetes writes "none"
  return OkStatus();
}

Status ReadKey(const Reader& reader, const Node& ref, const std::string& path,
               std::optional<KeyRef>* out) {
  RETURN_IF_ERROR(reader.CheckKeys(ref, path, {"name", "key", "optional"}));
  KeyRef key;
  RETURN_IF_ERROR(reader.RequiredString(ref, path, "name", &key.object));
  RETURN_IF_ERROR(reader.RequiredString(ref, path, "key", &key.key));
  RETURN_IF_ERROR(reader.Bool(ref, path, "optional", &key.optional));
  *out = std::move(key);
  return OkStatus();
}

Status ReadSource(const Reader& reader, const Node& from, const std::string& path, EnvVar* out) {
  RETURN_IF_ERROR(reader.CheckKeys(
      from, path,
      {"fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"}));
  ASSIGN_OR_RETURN(const Node::Member* source, reader.OnlyMember(from, path));
  const std::string source_path = path + "." + source->key;
  if (!source->value.is_map()) return reader.Fail(source->value, source_path, "expected a map");
  if (source->key == "fieldRef") return ReadField(reader, source->value, source_path, out);
  if (source->key == "resourceFieldRef") {
    return ReadResource(reader, source->value, source_path, out);
  }
  if (source->key == "configMapKeyRef") {
    return ReadKey(reader, source->value, source_path, &out->config_map_key);
  }
  if (source->key == "secretKeyRef") {
    return ReadKey(reader, source->value, source_path, &out->secret_key);
  }
  out->other_source = source->key;
  return OkStatus();
}

Status ReadVariable(const Reader& reader, const Node& item, const std::string& path, EnvVar* out) {
  RETURN_IF_ERROR(reader.CheckKeys(item, path, {"name", "value", "valueFrom"}));
  RETURN_IF_ERROR(reader.RequiredString(item, path, "name", &out->name));
  if (!IsVariableName(out->name)) {
    return reader.Fail(*item.Find("name"), path + ".name",
                       "expected printable ASCII characters without \"=\"");
  }
  RETURN_IF_ERROR(reader.String(item, path, "value", &out->value));
  ASSIGN_OR_RETURN(const Node* from, reader.Map(item, path, "valueFrom"));
  if (from == nullptr) return OkStatus();
  if (!out->value.empty()) {
    return reader.Fail(*from, path + ".valueFrom", "stands beside value; keep one of them");
  }
  return ReadSource(reader, *from, path + ".valueFrom", out);
}

Status ReadVariables(const Reader& reader, const Node& item, const std::string& path,
                     EnvFrom* out) {
  RETURN_IF_ERROR(reader.CheckKeys(item, path, {"prefix", "configMapRef", "secretRef"}));
  RETURN_IF_ERROR(reader.String(item, path, "prefix", &out->prefix));
  if (!out->prefix.empty() && !IsVariableName(out->prefix)) {
    return reader.Fail(*item.Find("prefix"), path + ".prefix",
                       "expected printable ASCII characters without \"=\"");
  }
  ASSIGN_OR_RETURN(const Node* config_map, reader.Map(item, path, "configMapRef"));
  ASSIGN_OR_RETURN(const Node* secret, reader.Map(item, path, "secretRef"));
  if ((config_map == nullptr) == (secret == nullptr)) {
    return reader.Fail(item, path, "expected one of configMapRef and secretRef");
  }
  out->kind = secret == nullptr ? EnvFrom::Kind::kConfigMap : EnvFrom::Kind::kSecret;
  const Node& ref = secret == nullptr ? *config_map : *secret;
  const std::string ref_path = path + (secret == nullptr ? ".configMapRef" : ".secretRef");
  RETURN_IF_ERROR(reader.CheckKeys(ref, ref_path, {"name", "optional"}));
  RETURN_IF_ERROR(reader.RequiredString(ref, ref_path, "name", &out->object));
  return reader.Bool(ref, ref_path, "optional", &out->optional);
}

}  // namespace

Status ReadEnv(const Reader& reader, const Node& container, const std::string& path,
               std::vector<EnvVar>* out) {
  return reader.EachMap(container, path, "env", [&](const Node& item, const std::string& at) {
    return ReadVariable(reader, item, at, &out->emplace_back());
  });
}

Status ReadEnvFrom(const Reader& reader, const Node& container, const std::string& path,
                   std::vector<EnvFrom>* out) {
  return reader.EachMap(container, path, "envFrom", [&](const Node& item, const std::string& at) {
    return ReadVariables(reader, item, at, &out->emplace_back());
  });
}

}  // namespace trainyard::spec

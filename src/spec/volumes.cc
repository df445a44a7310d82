#include "spec/volumes.h"

#include <algorithm>
#include <utility>

#include "base/files.h"
#include "spec/names.h"

namespace trainyard::spec {
namespace {

// The kinds of core/v1 Volume, Kubernetes 1.31.
constexpr std::string_view kVolumeFields[] = {"name",
                                              "awsElasticBlockStore",
                                              "azureDisk",
                                              "azureFile",
                                              "cephfs",
                                              "cinder",
                                              "configMap",
                                              "csi",
                                              "downwardAPI",
                                              "emptyDir",
                                              "ephemeral",
                                              "fc",
                                              "flexVolume",
                                              "flocker",
                                              "gcePersistentDisk",
                                              "gitRepo",
                                              "glusterfs",
                                              "hostPath",
                                              "image",
                                              "iscsi",
                                              "nfs",
                                              "persistentVolumeClaim",
                                              "photonPersistentDisk",
                                              "portworxVolume",
                                              "projected",
                                              "quobyte",
                                              "rbd",
                                              "scaleIO",
                                              "secret",
                                              "storageos",
                                              "vsphereVolume"};

// ConfigMap and Secret: `name_field` is what each calls its object.
Status ReadKeyedSource(const Reader& reader, const Node& source, const std::string& path,
                       std::string_view name_field, Volume* out) {
  RETURN_IF_ERROR(reader.CheckKeys(source, path, {name_field, "items", "optional", "defaultMode"}));
  RETURN_IF_ERROR(reader.RequiredString(source, path, name_field, &out->source));
  RETURN_IF_ERROR(reader.Bool(source, path, "optional", &out->optional));
  return reader.EachMap(source, path, "items", [&](const Node& item, const std::string& at) {
    RETURN_IF_ERROR(reader.CheckKeys(item, at, {"key", "path", "mode"}));
    std::string key;
    std::string file;
    RETURN_IF_ERROR(reader.RequiredString(item, at, "key", &key));
    RETURN_IF_ERROR(reader.RequiredString(item, at, "path", &file));
    if (!IsPathBelow(file)) {
      return reader.Fail(*item.Find("path"), at + ".path",
                         "expected a relative path without \"..\"");
    }
    if (out->items.emplace(key, file).second) return OkStatus();
    return reader.Fail(*item.Find("key"), at + ".key",
                       fmt::format("\"{}\" stands twice; keep one of them", key.substr(0, 60)));
  });
}

Status ReadNfs(const Reader& reader, const Node& source, const std::string& path, bool* read_only,
               Volume* out) {
  RETURN_IF_ERROR(reader.CheckKeys(source, path, {"server", "path", "readOnly"}));
  std::string server;
  std::string folder;
  RETURN_IF_ERROR(reader.RequiredString(source, path, "server", &server));
  RETURN_IF_ERROR(reader.RequiredString(source, path, "path", &folder));
  if (!folder.starts_with('/')) {
    return reader.Fail(*source.Find("path"), path + ".path", "expected an absolute path");
  }
  out->source = server + ":" + folder;
  return reader.Bool(source, path, "readOnly", read_only);
}

Status ReadHostPath(const Reader& reader, const Node& source, const std::string& path,
                    Volume* out) {
  RETURN_IF_ERROR(reader.CheckKeys(source, path, {"path", "type"}));
  return reader.RequiredString(source, path, "path", &out->source);
}

Status ReadSource(const Reader& reader, const Node::Member& member, const std::string& path,
                  bool* read_only, Volume* out) {
  using Kind = Volume::Kind;
  const Node& source = member.value;
  if (!source.is_map()) return reader.Fail(source, path, "expected a map");
  if (member.key == "emptyDir") {
    return reader.CheckKeys(source, path, {"medium", "sizeLimit"});
  }
  if (member.key == "persistentVolumeClaim") {
    out->kind = Kind::kClaim;
    RETURN_IF_ERROR(reader.CheckKeys(source, path, {"claimName", "readOnly"}));
    RETURN_IF_ERROR(reader.RequiredString(source, path, "claimName", &out->source));
    return reader.Bool(source, path, "readOnly", read_only);
  }
  if (member.key == "configMap") {
    out->kind = Kind::kConfigMap;
    return ReadKeyedSource(reader, source, path, "name", out);
  }
  if (member.key == "secret") {
    out->kind = Kind::kSecret;
    return ReadKeyedSource(reader, source, path, "secretName", out);
  }
  if (member.key == "hostPath") {
    out->kind = Kind::kHostPath;
    return ReadHostPath(reader, source, path, out);
  }
  if (member.key == "nfs") {
    out->kind = Kind::kNfs;
    return ReadNfs(reader, source, path, read_only, out);
  }
  out->kind = Kind::kOther;
  out->source = member.key;
  return OkStatus();
}

// The one member beside the name; null for none, which Kubernetes takes for an emptyDir.
Result<const Node::Member*> FindSource(const Reader& reader, const Node& item,
                                       const std::string& path) {
  const Node::Member* source = nullptr;
  for (const Node::Member& member : item.members) {
    if (member.key == "name" || member.value.is_null()) continue;
    if (source != nullptr) {
      return reader.Fail(
          member.value, path,
          fmt::format("{} stands beside {}; a volume is of one kind", member.key, source->key));
    }
    source = &member;
  }
  return source;
}

Status CheckSubPath(const Reader& reader, const Node& item, const std::string& path,
                    const VolumeMount& mount) {
  if (!mount.sub_path.empty() && !mount.sub_path_expr.empty()) {
    return reader.Fail(*item.Find("subPathExpr"), path + ".subPathExpr",
                       "stands beside subPath; keep one of them");
  }
  for (const auto& [key, value] :
       {std::pair{"subPath", &mount.sub_path}, {"subPathExpr", &mount.sub_path_expr}}) {
    if (value->empty() || IsPathBelow(*value)) continue;
    return reader.Fail(*item.Find(key), JoinFields(path, key),
                       "expected a relative path without \"..\"");
  }
  return OkStatus();
}

Status ReadMount(const Reader& reader, const Node& item, const std::string& path,
                 const Volumes& volumes, VolumeMount* out) {
  RETURN_IF_ERROR(reader.CheckKeys(item, path,
                                   {"name", "mountPath", "subPath", "subPathExpr", "readOnly",
                                    "recursiveReadOnly", "mountPropagation"}));
  RETURN_IF_ERROR(reader.RequiredString(item, path, "name", &out->volume));
  const bool is_there = std::any_of(volumes.all.begin(), volumes.all.end(),
                                    [&](const Volume& v) { return v.name == out->volume; });
  if (!is_there) {
    return reader.Fail(
        *item.Find("name"), path + ".name",
        fmt::format("there is no volume \"{}\"; add it under volumes", out->volume.substr(0, 70)));
  }
  RETURN_IF_ERROR(reader.RequiredString(item, path, "mountPath", &out->mount_path));
  const bool is_absolute = out->mount_path.starts_with('/') && IsPathBelow("." + out->mount_path) &&
                           out->mount_path.find(':') == std::string::npos;
  if (!is_absolute) {
    return reader.Fail(*item.Find("mountPath"), path + ".mountPath",
                       fmt::format("expected an absolute path without \"..\" and \":\", found "
                                   "\"{}\"",
                                   out->mount_path.substr(0, 60)));
  }
  out->mount_path = NormalPath(out->mount_path);
  RETURN_IF_ERROR(reader.String(item, path, "subPath", &out->sub_path));
  RETURN_IF_ERROR(reader.String(item, path, "subPathExpr", &out->sub_path_expr));
  RETURN_IF_ERROR(CheckSubPath(reader, item, path, *out));
  RETURN_IF_ERROR(reader.Bool(item, path, "readOnly", &out->read_only));
  if (volumes.read_only.contains(out->volume)) out->read_only = true;
  return OkStatus();
}

}  // namespace

Result<Volumes> ReadVolumes(const Reader& reader, const Node& pod, const std::string& path) {
  Volumes volumes;
  std::set<std::string> names;
  const auto read = [&](const Node& item, const std::string& at) -> Status {
    RETURN_IF_ERROR(reader.CheckKeys(item, at, kVolumeFields));
    Volume volume;
    RETURN_IF_ERROR(reader.RequiredString(item, at, "name", &volume.name));
    if (!IsDnsLabel(volume.name)) {
      return reader.Fail(*item.Find("name"), at + ".name",
                         "expected lower-case letters, digits and \"-\", at most 63");
    }
    if (!names.insert(volume.name).second) {
      return reader.Fail(*item.Find("name"), at + ".name",
                         fmt::format("a second volume \"{}\"; give it another name", volume.name));
    }
    ASSIGN_OR_RETURN(const Node::Member* source, FindSource(reader, item, at));
    bool read_only = false;
    if (source != nullptr) {
      RETURN_IF_ERROR(ReadSource(reader, *source, at + "." + source->key, &read_only, &volume));
    }
    if (read_only) volumes.read_only.insert(volume.name);
    volumes.all.push_back(std::move(volume));
    return OkStatus();
  };
  RETURN_IF_ERROR(reader.EachMap(pod, path, "volumes", read));
  return volumes;
}

Status ReadVolumeMounts(const Reader& reader, const Node& container, const std::string& path,
                        const Volumes& volumes, std::vector<VolumeMount>* out) {
  std::set<std::string> places;
  const auto read = [&](const Node& item, const std::string& at) -> Status {
    VolumeMount mount;
    RETURN_IF_ERROR(ReadMount(reader, item, at, volumes, &mount));
    if (!places.insert(mount.mount_path).second) {
      return reader.Fail(*item.Find("mountPath"), at + ".mountPath",
                         fmt::format("a second mount at \"{}\"; choose another place",
                                     mount.mount_path.substr(0, 60)));
    }
    out->push_back(std::move(mount));
    return OkStatus();
  };
  return reader.EachMap(container, path, "volumeMounts", read);
}

}  // namespace trainyard::spec

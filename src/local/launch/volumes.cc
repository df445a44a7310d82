#include "local/launch/volumes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/files.h"
#include "local/launch/container_env.h"
#include "local/launch/path_text.h"
#include "spec/tfjob.h"

namespace trainyard::local {
namespace {

using spec::Volume;
using Lifetime = VolumeDirectory::Lifetime;

class Planner {
 public:
  Planner(std::string_view replica, const std::string& workdir, const LaunchOptions& options)
      : replica_(replica), root_(JoinPath(workdir, "volumes")), options_(options) {}

  Result<VolumeDirectory> Plan(const Volume& volume) const {
    switch (volume.kind) {
      case Volume::Kind::kEmptyDir:
        return VolumeDirectory{.path = OwnPlace(volume.name), .lifetime = Lifetime::kOneStart};
      case Volume::Kind::kConfigMap:
      case Volume::Kind::kSecret:
        return PlanFiles(volume);
      case Volume::Kind::kClaim:
        if (const auto given = Given(volume.source)) return *given;
        if (const auto given = Given(volume.name)) return *given;
        return SharedPlace(volume.source);
      case Volume::Kind::kHostPath:
        if (const auto given = Given(volume.name)) return *given;
        if (PathExists(volume.source)) {
          return VolumeDirectory{.path = NormalPath(volume.source), .is_ours = false};
        }
        return SharedPlace(volume.name);
      case Volume::Kind::kNfs:
        if (const auto given = Given(volume.name)) return *given;
        return SharedPlace(volume.name);
      case Volume::Kind::kOther:
        break;
    }
    if (const auto given = Given(volume.name)) return *given;
    return InvalidArgumentError(
        "volume {} is of the kind {}, which only a cluster has: add --volume {}=DIR", volume.name,
        volume.source, volume.name);
  }

 private:
  std::optional<VolumeDirectory> Given(const std::string& name) const {
    const auto found = options_.volumes.find(name);
    if (found == options_.volumes.end()) return std::nullopt;
    std::error_code error;
    const std::string path = std::filesystem::absolute(found->second, error).string();
    return VolumeDirectory{.path = NormalPath(path), .is_ours = false};
  }

  std::string OwnPlace(const std::string& name) const {
    return root_ + NormalPath(fmt::format("/{}/{}", replica_, name));
  }

  // Beside the directories of the replicas, which are emptied.
  Result<VolumeDirectory> SharedPlace(const std::string& name) const {
    const size_t dash = name.rfind('-');
    if (dash != std::string::npos && spec::ToReplicaType(name.substr(0, dash))) {
      return InvalidArgumentError("volume {} has the name of a replica: add --volume {}=DIR", name,
                                  name);
    }
    return VolumeDirectory{.path = root_ + NormalPath("/" + name)};
  }

  Result<VolumeDirectory> PlanFiles(const Volume& volume) const {
    const bool is_secret = volume.kind == Volume::Kind::kSecret;
    VolumeDirectory directory{.path = OwnPlace(volume.name),
                              .lifetime = is_secret ? Lifetime::kOneJob : Lifetime::kOneStart,
                              .is_secret = is_secret};
    const std::string what = fmt::format("volume {}", volume.name);
    const char* kind = is_secret ? "Secret" : "ConfigMap";
    const auto& objects = is_secret ? options_.objects.secrets : options_.objects.config_maps;
    const auto object = objects.find(volume.source);
    if (object == objects.end()) {
      if (volume.optional) return directory;
      return MissingObjectError(what, kind, volume.source, NamesOf(objects));
    }
    if (volume.items.empty()) {
      for (const auto& [key, value] : object->second) directory.files[key] = value;
    }
    for (const auto& [key, name] : volume.items) {
      const auto value = object->second.find(key);
      if (value != object->second.end()) {
        directory.files[NormalPath(name).substr(1)] = value->second;
      } else if (!volume.optional) {
        return InvalidArgumentError("{}: {} \"{}\" has no key \"{}\"; its keys: {}", what, kind,
                                    volume.source, key, NamesOf(object->second));
      }
    }
    return directory;
  }

  const std::string_view replica_;
  const std::string root_;
  const LaunchOptions& options_;
};

Result<std::string> SubPath(const spec::VolumeMount& mount, const Environment& variables) {
  const std::string& text = mount.sub_path_expr;
  std::string path = text.empty() ? mount.sub_path : ExpandVariables(text, variables);
  if (path.starts_with('/') || ("/" + path + "/").find("/../") != std::string::npos) {
    return InvalidArgumentError("the mount at {}: its subPath {} leaves the volume",
                                mount.mount_path, path);
  }
  return NormalPath(path);
}

std::string_view ParentOf(std::string_view path) { return path.substr(0, path.rfind('/')); }

Status WriteFile(const std::string& path, std::string_view content, mode_t mode) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  const bool is_written = file >= 0 && write(file, content.data(), content.size()) ==
                                           static_cast<ssize_t>(content.size());
  const int error = errno;
  if (file >= 0) close(file);
  return is_written ? OkStatus() : ErrnoError(error, "cannot write {}", path);
}

}  // namespace

Result<Volumes> PlanVolumes(const spec::PodSpec& pod, std::string_view replica,
                            const std::string& workdir, const LaunchOptions& options,
                            const Environment& variables) {
  const Planner planner(replica, workdir, options);
  Volumes result;
  std::map<std::string, VolumeDirectory> planned;
  std::vector<std::string> elsewhere;
  for (const spec::VolumeMount& mount : pod.container.volume_mounts) {
    const auto volume =
        std::find_if(pod.volumes.begin(), pod.volumes.end(),
                     [&](const Volume& candidate) { return candidate.name == mount.volume; });
    if (volume == pod.volumes.end()) {
      return InvalidArgumentError("the mount at {}: there is no volume {}", mount.mount_path,
                                  mount.volume);
    }
    if (!planned.contains(mount.volume)) {
      ASSIGN_OR_RETURN(planned[mount.volume], planner.Plan(*volume));
    }
    const VolumeDirectory& directory = planned[mount.volume];
    ASSIGN_OR_RETURN(const std::string sub_path, SubPath(mount, variables));
    MountedPath mounted{NormalPath(mount.mount_path), directory.path};
    if (sub_path != "/") {
      mounted.path += sub_path;
      const bool is_file = directory.files.contains(sub_path.substr(1));
      if (!is_file) result.directories.push_back({.path = mounted.path});
    }
    if (mounted.mount_path == "/" || mounted.mount_path == mounted.path) continue;
    elsewhere.push_back(mounted.mount_path);
    result.mounts.push_back(std::move(mounted));
  }
  // A volume before its sub-directories, which live in it.
  std::vector<VolumeDirectory> directories;
  for (auto& [name, directory] : planned) directories.push_back(std::move(directory));
  directories.insert(directories.end(), result.directories.begin(), result.directories.end());
  result.directories = std::move(directories);
  std::sort(result.mounts.begin(), result.mounts.end(),
            [](const auto& a, const auto& b) { return a.mount_path.size() > b.mount_path.size(); });
  if (!elsewhere.empty()) {
    result.notes.push_back(fmt::format(
        "{} is replaced by a directory of this machine in command, args and variables; a path "
        "that is written in the program itself is not",
        fmt::join(elsewhere, ", ")));
  }
  return result;
}

std::optional<std::string> MapPath(std::string_view path, const std::vector<MountedPath>& mounts) {
  const std::string normal = NormalPath(path);
  for (const MountedPath& mount : mounts) {
    const auto below = PathBelow(normal, mount.mount_path);
    // A slash at the end may mean something to the program.
    if (below) return mount.path + std::string(*below) + (path.ends_with('/') ? "/" : "");
  }
  return std::nullopt;
}

Status PrepareVolumes(const std::vector<VolumeDirectory>& directories) {
  for (const VolumeDirectory& directory : directories) {
    if (directory.lifetime != Lifetime::kKept) RETURN_IF_ERROR(RemoveRecursively(directory.path));
    if (!directory.is_ours && IsDirectory(directory.path)) continue;
    // A hostPath may be a file.
    if (!directory.is_ours && PathExists(directory.path)) continue;
    RETURN_IF_ERROR(MakeDirectories(directory.path));
    if (directory.is_secret) chmod(directory.path.c_str(), 0700);
    for (const auto& [name, content] : directory.files) {
      const std::string path = JoinPath(directory.path, name);
      RETURN_IF_ERROR(MakeDirectories(std::string(ParentOf(path))));
      RETURN_IF_ERROR(WriteFile(path, content, directory.is_secret ? 0600 : 0644));
    }
  }
  return OkStatus();
}

void RemoveSecretVolumes(const std::vector<VolumeDirectory>& directories) {
  for (const VolumeDirectory& directory : directories) {
    if (directory.lifetime == Lifetime::kOneJob) (void)RemoveRecursively(directory.path);
  }
}

}  // namespace trainyard::local

// The volumes of a replica as directories of this machine.
//
//   claim               --volume NAME=DIR (the claim's or the volume's name), else
//                       <workdir>/volumes/<claim>: shared by all replicas, kept
//   emptyDir            <workdir>/volumes/<replica>/<volume>: emptied before each start
//   configMap, secret   the same place: one file per key, rewritten before each start; those of a
//                       secret are removed at the job's end
//   hostPath            --volume NAME=DIR, else its own path if that exists, else like a claim
//   nfs                 --volume NAME=DIR, else like a claim
//   other kinds         --volume NAME=DIR, or it is a mistake
//
// There is no mount namespace: MapPath() says where a path of the container is here, and what the
// job file says about paths is rewritten with it (path_text.h). PlanVolumes() only looks at the
// file system; PrepareVolumes() writes. Thread-safe.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "local/launch/expand.h"
#include "local/launch/launch_options.h"
#include "spec/pod.h"

namespace trainyard::local {

struct VolumeDirectory {
  enum class Lifetime { kKept, kOneStart, kOneJob };  // emptied never; before each start; and after

  std::string path{};
  Lifetime lifetime = Lifetime::kKept;
  bool is_ours = true;                         // below the work directory: made if need be
  std::map<std::string, std::string> files{};  // name below `path` to content
  bool is_secret = false;                      // files 0600, directories 0700

  friend bool operator==(const VolumeDirectory&, const VolumeDirectory&) = default;
};

struct MountedPath {
  std::string mount_path{};  // normal
  std::string path{};        // here

  friend bool operator==(const MountedPath&, const MountedPath&) = default;
};

struct Volumes {
  std::vector<VolumeDirectory> directories{};
  std::vector<MountedPath> mounts{};
  std::vector<std::string> notes{};
};

// `replica` is its name, `variables` are those of the container. InvalidArgument in one line for a
// mount without a volume, an object or key that is missing, a kind of volume that is not here.
Result<Volumes> PlanVolumes(const spec::PodSpec& pod, std::string_view replica,
                            const std::string& workdir, const LaunchOptions& options,
                            const Environment& variables);

// Where a path of the container is on this machine; nullopt if no volume holds it. The longest
// mount path wins. Pure.
std::optional<std::string> MapPath(std::string_view path, const std::vector<MountedPath>& mounts);

// Makes, empties and fills the directories for a new instance.
Status PrepareVolumes(const std::vector<VolumeDirectory>& directories);

// Removes what must not outlive the job.
void RemoveSecretVolumes(const std::vector<VolumeDirectory>& directories);

}  // namespace trainyard::local

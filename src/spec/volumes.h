// A pod's `volumes`, and where a container mounts them. Internal to pod_template.cc.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "spec/pod.h"
#include "spec/reader.h"

namespace trainyard::spec {

struct Volumes {
  std::vector<Volume> all;
  // Those whose volume says itself that nobody writes to it, whatever a mount says.
  std::set<std::string, std::less<>> read_only;
};

// `pod`.volumes. InvalidArgument for a name that stands twice, two kinds in one volume, and parts
// that are missing or would lead out of the volume. Thread-safe.
Result<Volumes> ReadVolumes(const Reader& reader, const Node& pod, const std::string& path);

// `container`.volumeMounts, with paths in their shortest form. InvalidArgument for a volume that is
// not there, and a mountPath that is not absolute or stands twice. Thread-safe.
Status ReadVolumeMounts(const Reader& reader, const Node& container, const std::string& path,
                        const Volumes& volumes, std::vector<VolumeMount>* out);

}  // namespace trainyard::spec

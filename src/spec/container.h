// One container of a pod template. Internal to pod_template.cc.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "spec/pod.h"
#include "spec/reader.h"
#include "spec/volumes.h"

namespace trainyard::spec {

// The whole container. What only a kubelet can honour of it is added to `cluster_only`.
// InvalidArgument for the first mistake in it. Thread-safe.
Result<Container> ReadContainer(const Reader& reader, const Node& node, const std::string& path,
                                const Volumes& volumes, std::vector<std::string>* cluster_only);

}  // namespace trainyard::spec

// TF_CONFIG for the replicas of a TFJob.
#pragma once

#include <optional>
#include <string>

#include "spec/cluster_spec.h"
#include "spec/tfjob.h"

namespace trainyard::spec {

// The text for one replica, or nullopt for a job of a single replica, which runs alone. `cluster`
// holds the address of every replica under its lower-case type. Pure, thread-safe.
std::optional<std::string> JobTfConfig(const TFJob& job, const ClusterSpec& cluster,
                                       ReplicaType type, int index);

}  // namespace trainyard::spec

// TF_CONFIG for the replicas of a TFJob.
#pragma once

#include <optional>
#include <string>

#include "spec/cluster_spec.h"
#include "spec/tfjob.h"

namespace trainyard::spec {

// The text for one replica, or nullopt where none is set: for a batch/v1 Job, and for a job of a
// single replica, which runs alone (v1alpha1 sets it all the same). `cluster` holds the address of
// every replica under its lower-case type. Pure, thread-safe.
std::optional<std::string> JobTfConfig(const TFJob& job, const ClusterSpec& cluster,
                                       ReplicaType type, int index);

}  // namespace trainyard::spec

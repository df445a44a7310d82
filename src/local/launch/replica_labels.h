// Name, labels and annotations of the pod that a replica would be on a cluster. Pure; thread-safe.
#pragma once

#include <map>
#include <string>

#include "job/replica.h"
#include "spec/tfjob.h"

namespace trainyard::local {

using Labels = std::map<std::string, std::string>;

std::string PodName(const spec::TFJob& job, const job::ReplicaId& id);

// Those of the template and those that the controller adds.
Labels PodLabels(const spec::TFJob& job, const job::ReplicaId& id);
Labels PodAnnotations(const spec::TFJob& job, const job::ReplicaId& id);

}  // namespace trainyard::local

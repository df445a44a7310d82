#include "spec/job_tf_config.h"

#include "spec/tf_config.h"

namespace trainyard::spec {

std::optional<std::string> JobTfConfig(const TFJob& job, const ClusterSpec& cluster,
                                       ReplicaType type, int index) {
  switch (job.rules) {
    case JobRules::kBatchJob:
      return std::nullopt;
    case JobRules::kV1Alpha1:
      break;
    case JobRules::kTFJob:
      if (job.NumReplicas() <= 1) return std::nullopt;
  }
  return job.enable_dynamic_worker ? FormatSparseTfConfig(cluster, TaskTypeName(type), index)
                                   : FormatTfConfig(cluster, TaskTypeName(type), index);
}

}  // namespace trainyard::spec

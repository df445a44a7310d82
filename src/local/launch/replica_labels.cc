#include "local/launch/replica_labels.h"

#include <fmt/format.h>

namespace trainyard::local {
namespace {

bool IsIndexedBatchJob(const spec::TFJob& job) {
  return job.rules == spec::JobRules::kBatchJob && job.is_indexed;
}

constexpr const char* kCompletionIndex = "batch.kubernetes.io/job-completion-index";

}  // namespace

std::string PodName(const spec::TFJob& job, const job::ReplicaId& id) {
  if (job.rules == spec::JobRules::kBatchJob) return fmt::format("{}-{}", job.name, id.index);
  return fmt::format("{}-{}", job.name, id.Name());
}

Labels PodLabels(const spec::TFJob& job, const job::ReplicaId& id) {
  Labels labels = job.replicas.at(id.type).pod.labels;
  if (job.rules == spec::JobRules::kBatchJob) {
    for (const char* prefix : {"", "batch.kubernetes.io/"}) {
      labels[std::string(prefix) + "job-name"] = job.name;
      labels[std::string(prefix) + "controller-uid"] = job.uid;
    }
    if (job.is_indexed) labels[kCompletionIndex] = std::to_string(id.index);
    return labels;
  }
  labels["training.kubeflow.org/operator-name"] = "tfjob-controller";
  labels["training.kubeflow.org/job-name"] = job.name;
  labels["training.kubeflow.org/replica-type"] = spec::TaskTypeName(id.type);
  labels["training.kubeflow.org/replica-index"] = std::to_string(id.index);
  return labels;
}

Labels PodAnnotations(const spec::TFJob& job, const job::ReplicaId& id) {
  Labels annotations = job.replicas.at(id.type).pod.annotations;
  if (IsIndexedBatchJob(job)) annotations[kCompletionIndex] = std::to_string(id.index);
  return annotations;
}

}  // namespace trainyard::local

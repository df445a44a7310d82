#include "spec/validate.h"

#include <fmt/format.h>

#include <algorithm>

#include "spec/names.h"

namespace trainyard::spec {
namespace {

void CheckName(const TFJob& job, std::vector<Problem>* problems) {
  const bool is_batch = job.rules == JobRules::kBatchJob;
  if (job.name.empty()) {
    problems->push_back({"metadata.name", "must be required: give the job a name"});
    return;
  }
  const bool is_right = is_batch ? IsDnsSubdomain(job.name) && job.name.size() <= kMaxLabelSize
                                 : IsServiceName(job.name);
  if (!is_right) {
    problems->push_back(
        {"metadata.name",
         fmt::format("Invalid value \"{}\": should match: {} with at most {} characters",
                     job.name.substr(0, 300),
                     is_batch ? "[a-z0-9]([-.a-z0-9]*[a-z0-9])?" : "[a-z]([-a-z0-9]*[a-z0-9])?",
                     kMaxLabelSize)});
    return;
  }
  if (is_batch) return;  // its pods' names end in something random and are cut to fit
  for (const auto& [type, replica] : job.replicas) {
    const std::string longest =
        fmt::format("{}-{}-{}", job.name, TaskTypeName(type), std::max(0, replica.replicas - 1));
    if (longest.size() <= kMaxLabelSize) continue;
    problems->push_back(
        {"metadata.name",
         fmt::format("too long: the name of replica {} would have {} characters, "
                     "at most {} are possible; shorten the job's by {}",
                     longest, longest.size(), kMaxLabelSize, longest.size() - kMaxLabelSize)});
  }
}

// Where the file says what a replica type is.
std::string ReplicasPath(const TFJob& job) {
  switch (job.rules) {
    case JobRules::kTFJob:
      return "spec.tfReplicaSpecs";
    case JobRules::kV1Alpha1:
      return "spec.replicaSpecs";
    case JobRules::kBatchJob:
      return "spec";
  }
  return "";
}

std::string ReplicaPath(const TFJob& job, ReplicaType type) {
  if (job.rules == JobRules::kBatchJob) return "spec";
  std::string name(ReplicaTypeName(type));
  if (job.rules == JobRules::kV1Alpha1) {
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  }
  return fmt::format("{}.{}", ReplicasPath(job), name);
}

void CheckReplicas(const TFJob& job, const ValidateOptions& options,
                   std::vector<Problem>* problems) {
  if (job.replicas.empty()) {
    problems->push_back({ReplicasPath(job), "must be required: at least one replica type"});
  }
  if (job.Has(ReplicaType::kChief) && job.Has(ReplicaType::kMaster)) {
    problems->push_back(
        {ReplicasPath(job), "must not have more than 1 Chief or Master role; remove one of them"});
  }
  for (const auto& [type, replica] : job.replicas) {
    const std::string path = ReplicaPath(job, type);
    if (replica.replicas < 0) {
      problems->push_back({path + ".replicas", "must not be negative"});
    }
    const Container& container = replica.pod.container;
    if (options.require_image && container.image.empty()) {
      problems->push_back({path + ".template.spec.containers",
                           fmt::format("container {}: image must be required", container.name)});
    }
  }
}

}  // namespace

std::vector<Problem> Validate(const TFJob& job, const ValidateOptions& options) {
  std::vector<Problem> problems;
  CheckName(job, &problems);
  CheckReplicas(job, options, &problems);
  return problems;
}

}  // namespace trainyard::spec

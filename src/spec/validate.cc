#include "spec/validate.h"

#include <fmt/format.h>

#include <algorithm>

namespace trainyard::spec {
namespace {

constexpr size_t kMaxLabel = 63;

bool IsLowerLetter(char c) { return c >= 'a' && c <= 'z'; }
bool IsLabelCharacter(char c) { return IsLowerLetter(c) || (c >= '0' && c <= '9') || c == '-'; }

// DNS-1035: what a Service may be called.
bool IsDnsLabel(std::string_view name) {
  return !name.empty() && name.size() <= kMaxLabel && IsLowerLetter(name.front()) &&
         name.back() != '-' && std::all_of(name.begin(), name.end(), IsLabelCharacter);
}

void CheckName(const TFJob& job, std::vector<Problem>* problems) {
  if (job.name.empty()) {
    problems->push_back({"metadata.name", "must be required: give the job a name"});
    return;
  }
  if (!IsDnsLabel(job.name)) {
    problems->push_back(
        {"metadata.name",
         fmt::format("Invalid value \"{}\": should match: [a-z]([-a-z0-9]*[a-z0-9])? with at most "
                     "{} characters",
                     job.name, kMaxLabel)});
    return;
  }
  for (const auto& [type, replica] : job.replicas) {
    const std::string longest =
        fmt::format("{}-{}-{}", job.name, TaskTypeName(type), std::max(0, replica.replicas - 1));
    if (longest.size() <= kMaxLabel) continue;
    problems->push_back(
        {"metadata.name", fmt::format("too long: the name of replica {} would have {} characters, "
                                      "at most {} are possible",
                                      longest, longest.size(), kMaxLabel)});
  }
}

void CheckReplicas(const TFJob& job, const ValidateOptions& options,
                   std::vector<Problem>* problems) {
  if (job.replicas.empty()) {
    problems->push_back({"spec.tfReplicaSpecs", "must be required: at least one replica type"});
  }
  if (job.Has(ReplicaType::kChief) && job.Has(ReplicaType::kMaster)) {
    problems->push_back({"spec.tfReplicaSpecs", "must not have more than 1 Chief or Master role"});
  }
  for (const auto& [type, replica] : job.replicas) {
    const std::string path = fmt::format("spec.tfReplicaSpecs.{}", ReplicaTypeName(type));
    if (replica.replicas < 0) {
      problems->push_back({path + ".replicas", "must not be negative"});
    }
    if (options.require_image && replica.pod.container.image.empty()) {
      problems->push_back(
          {path + ".template.spec.containers", "container tensorflow: image must be required"});
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

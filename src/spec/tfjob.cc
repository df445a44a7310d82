#include "spec/tfjob.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace trainyard::spec {
namespace {

struct TypeNames {
  ReplicaType type;
  std::string_view name;
  std::string_view task;
};

constexpr std::array kTypes = {
    TypeNames{ReplicaType::kPs, "PS", "ps"},
    TypeNames{ReplicaType::kChief, "Chief", "chief"},
    TypeNames{ReplicaType::kMaster, "Master", "master"},
    TypeNames{ReplicaType::kWorker, "Worker", "worker"},
    TypeNames{ReplicaType::kEvaluator, "Evaluator", "evaluator"},
};

bool EqualsLowered(std::string_view text, std::string_view lowered) {
  return std::equal(text.begin(), text.end(), lowered.begin(), lowered.end(), [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == b;
  });
}

}  // namespace

int TensorFlowPort(const ReplicaSpec& replica) {
  for (const ContainerPort& port : replica.pod.container.ports) {
    if (port.name == kTensorFlowPortName) return port.port;
  }
  return kDefaultTensorFlowPort;
}

int TFJob::NumReplicas(ReplicaType type) const {
  const auto found = replicas.find(type);
  return found == replicas.end() ? 0 : found->second.replicas;
}

int TFJob::NumReplicas() const {
  int total = 0;
  for (const auto& [type, spec] : replicas) total += spec.replicas;
  return total;
}

std::string_view ReplicaTypeName(ReplicaType type) {
  return kTypes[static_cast<size_t>(type)].name;
}

std::string_view TaskTypeName(ReplicaType type) { return kTypes[static_cast<size_t>(type)].task; }

std::optional<ReplicaType> ToReplicaType(std::string_view name) {
  for (const TypeNames& names : kTypes) {
    if (EqualsLowered(name, names.task)) return names.type;
  }
  return std::nullopt;
}

std::string_view RestartPolicyName(RestartPolicy policy) {
  switch (policy) {
    case RestartPolicy::kAlways:
      return "Always";
    case RestartPolicy::kOnFailure:
      return "OnFailure";
    case RestartPolicy::kNever:
      return "Never";
    case RestartPolicy::kExitCode:
      return "ExitCode";
  }
  return "";
}

std::string_view CleanPodPolicyName(CleanPodPolicy policy) {
  switch (policy) {
    case CleanPodPolicy::kNone:
      return "None";
    case CleanPodPolicy::kRunning:
      return "Running";
    case CleanPodPolicy::kAll:
      return "All";
  }
  return "";
}

}  // namespace trainyard::spec

// A TFJob, whatever API version it was written in: one normalised struct with every default filled
// in.
//
// Plain values; thread-compatible. Parse a file with spec/parse_tfjob.h, or fill the struct in code
// and ask Validate() (spec/validate.h) about it. The meaning of the fields is that of
// kubeflow.org/v1 of kubeflow/training-operator v1.9; docs/contracts/tfjob.md says which of them a
// local run honours.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trainyard::spec {

// In the order in which replicas are started: parameter servers first, who waits for them later.
enum class ReplicaType { kPs, kChief, kMaster, kWorker, kEvaluator };

// kAlways and kOnFailure run a replica again (Always also after success); kNever never does;
// kExitCode does for codes from 128 up (signals), while 1 to 127 fail the job at once.
enum class RestartPolicy { kAlways, kOnFailure, kNever, kExitCode };

// What happens to pods at the job's end: nothing, only running ones go, all go.
enum class CleanPodPolicy { kNone, kRunning, kAll };

enum class SuccessPolicy { kDefault, kAllWorkers };

// A variable's value may refer to earlier ones as $(NAME).
struct EnvVar {
  std::string name;
  std::string value;
  std::string field_path;    // "metadata.name" and the like, if the value comes from the pod
  std::string other_source;  // "secretKeyRef" and the like, if it comes from elsewhere

  friend bool operator==(const EnvVar&, const EnvVar&) = default;
};

struct ContainerPort {
  std::string name;
  int port = 0;

  friend bool operator==(const ContainerPort&, const ContainerPort&) = default;
};

// The container named "tensorflow", the one that decides a replica's fate.
struct Container {
  std::string name = "tensorflow";
  std::string image;
  std::vector<std::string> command;
  std::vector<std::string> args;
  std::vector<EnvVar> env;
  std::string working_dir;
  std::vector<ContainerPort> ports;

  friend bool operator==(const Container&, const Container&) = default;
};

struct ReplicaSpec {
  int replicas = 1;
  RestartPolicy restart_policy = RestartPolicy::kNever;
  Container container;
  int termination_grace_seconds = 30;  // between TERM and KILL

  friend bool operator==(const ReplicaSpec&, const ReplicaSpec&) = default;
};

struct RunPolicy {
  CleanPodPolicy clean_pod_policy = CleanPodPolicy::kNone;
  std::optional<int> ttl_seconds_after_finished;
  std::optional<int64_t> active_deadline_seconds;  // from status.startTime
  std::optional<int> backoff_limit;                // restarts allowed over the whole job
  bool suspend = false;
  std::string managed_by;

  friend bool operator==(const RunPolicy&, const RunPolicy&) = default;
};

struct TFJob {
  std::string api_version = "kubeflow.org/v1";  // as written in the file
  std::string name;
  std::string name_space = "default";
  std::string uid;
  std::map<ReplicaType, ReplicaSpec> replicas;
  SuccessPolicy success_policy = SuccessPolicy::kDefault;
  bool enable_dynamic_worker = false;
  RunPolicy run_policy;

  bool Has(ReplicaType type) const { return replicas.contains(type); }
  int NumReplicas(ReplicaType type) const;  // 0 if the type is absent
  int NumReplicas() const;

  friend bool operator==(const TFJob&, const TFJob&) = default;
};

// "Chief", "Master", "Worker", "PS", "Evaluator"; and the same in lower case, as TF_CONFIG, log
// files and pods are named.
std::string_view ReplicaTypeName(ReplicaType type);
std::string_view TaskTypeName(ReplicaType type);
// In any letter case; nullopt for another word.
std::optional<ReplicaType> ToReplicaType(std::string_view name);

std::string_view RestartPolicyName(RestartPolicy policy);
std::string_view CleanPodPolicyName(CleanPodPolicy policy);

}  // namespace trainyard::spec

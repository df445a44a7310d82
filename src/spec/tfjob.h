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

#include "spec/pod.h"

namespace trainyard::spec {

// In the order in which replicas are started: parameter servers first, who waits for them later.
enum class ReplicaType { kPs, kChief, kMaster, kWorker, kEvaluator };

// kAlways and kOnFailure run a replica again (Always also after success); kNever never does;
// kExitCode does for codes from 128 up (signals), while 1 to 127 fail the job at once.
enum class RestartPolicy { kAlways, kOnFailure, kNever, kExitCode };

// What happens to pods at the job's end: nothing, only running ones go, all go.
enum class CleanPodPolicy { kNone, kRunning, kAll };

enum class SuccessPolicy { kDefault, kAllWorkers };

// The container port with this name is the one that the replicas reach each other by.
inline constexpr std::string_view kTensorFlowPortName = "tfjob-port";
inline constexpr int kDefaultTensorFlowPort = 2222;

struct ReplicaSpec {
  int replicas = 1;
  RestartPolicy restart_policy = RestartPolicy::kNever;
  PodSpec pod;

  friend bool operator==(const ReplicaSpec&, const ReplicaSpec&) = default;
};

// The port named "tfjob-port", else 2222: also where the container has 2222 under another name.
int TensorFlowPort(const ReplicaSpec& replica);

// For a gang scheduler; an operator's business.
struct SchedulingPolicy {
  std::optional<int> min_available;
  std::string queue;
  std::map<std::string, std::string> min_resources;  // amounts, as written
  std::string priority_class;
  std::optional<int> schedule_timeout_seconds;

  friend bool operator==(const SchedulingPolicy&, const SchedulingPolicy&) = default;
};

struct RunPolicy {
  CleanPodPolicy clean_pod_policy = CleanPodPolicy::kNone;
  std::optional<int> ttl_seconds_after_finished;
  std::optional<int64_t> active_deadline_seconds;  // from status.startTime
  std::optional<int> backoff_limit;                // restarts allowed over the whole job
  bool suspend = false;
  std::string managed_by;
  SchedulingPolicy scheduling_policy;

  friend bool operator==(const RunPolicy&, const RunPolicy&) = default;
};

// By whose rules a job lives.
//
// kTFJob: kubeflow.org/v1, and the versions from v1alpha2 on, which differ in defaults only.
// kV1Alpha1: the chief replica alone decides; its exit codes 1 to 127 and running out of memory are
// final whatever the restart policy, from 128 up it runs again; another replica never fails the job
// and is replaced whenever it fails.
// kBatchJob: batch/v1 Job. The one replica type is Worker, replicas are its completions (those not
// given: its parallelism); no TF_CONFIG, no distinguished replica. All of them have to succeed.
// A failed pod is replaced until backoffLimit (default 6), under the pod's restartPolicy Never as
// well as under OnFailure, so the replica's restart_policy is kOnFailure for both.
enum class JobRules { kTFJob, kV1Alpha1, kBatchJob };

// kAnyOrder: all replicas at once. kInOrder: parameter servers first; the others when every one of
// those is running.
enum class StartupOrder { kAnyOrder, kInOrder };

// What the v1 API has no field for, given as annotations of the job, which any operator accepts:
//
//   trainyard.dev/startup-order: InOrder
//   trainyard.dev/max-restarts-per-replica: "3"
//   trainyard.dev/pending-timeout-seconds: "600"
struct Extensions {
  StartupOrder startup_order = StartupOrder::kAnyOrder;
  std::optional<int> max_restarts_per_replica;  // one more fails the job
  std::optional<int> pending_timeout_seconds;   // a replica that waits longer to run fails the job

  friend bool operator==(const Extensions&, const Extensions&) = default;
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
  JobRules rules = JobRules::kTFJob;
  Extensions extensions;
  std::optional<int> parallelism;  // kBatchJob: how many replicas run at the same time
  bool is_indexed = false;         // kBatchJob: each replica has a JOB_COMPLETION_INDEX
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> annotations;

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

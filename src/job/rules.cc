#include "job/rules.h"

#include <string_view>

namespace trainyard::job {
namespace {

using spec::JobRules;
using spec::ReplicaType;
using spec::RestartPolicy;

Verdict JudgeByPolicy(const ReplicaView& ended, RestartPolicy policy, bool decides_success) {
  if (ended.phase == Phase::kSucceeded) {
    return policy == RestartPolicy::kAlways && !decides_success ? Verdict::kRestart
                                                                : Verdict::kFinished;
  }
  if (ended.disrupted) return Verdict::kRestart;
  switch (policy) {
    case RestartPolicy::kAlways:
    case RestartPolicy::kOnFailure:
      return Verdict::kRestart;
    case RestartPolicy::kNever:
      return Verdict::kFailed;
    case RestartPolicy::kExitCode:
      return ended.exit_code >= 128 || ended.exit_code == 0 ? Verdict::kRestart : Verdict::kFailed;
  }
  return Verdict::kFailed;
}

Verdict JudgeByV1Alpha1(const ReplicaView& ended, bool is_chief) {
  if (ended.phase == Phase::kSucceeded) return Verdict::kFinished;
  if (ended.disrupted || !is_chief) return Verdict::kRestart;
  const bool is_final = ended.out_of_memory || (ended.exit_code >= 1 && ended.exit_code <= 127);
  return is_final ? Verdict::kFailed : Verdict::kRestart;
}

}  // namespace

bool IsManagedElsewhere(const spec::TFJob& job) {
  const std::string_view own = job.rules == JobRules::kBatchJob ? "kubernetes.io/job-controller"
                                                                : "kubeflow.org/training-operator";
  return !job.run_policy.managed_by.empty() && job.run_policy.managed_by != own;
}

Deciders WhoDecides(const spec::TFJob& job) {
  switch (job.rules) {
    case JobRules::kBatchJob:
      return {};
    case JobRules::kV1Alpha1:
      if (job.Has(ReplicaType::kMaster)) return {ReplicaType::kMaster, true};
      if (job.Has(ReplicaType::kWorker)) return {ReplicaType::kWorker, true};
      return {};
    case JobRules::kTFJob:
      break;
  }
  if (job.NumReplicas(ReplicaType::kChief) > 0) return {ReplicaType::kChief};
  if (job.NumReplicas(ReplicaType::kMaster) > 0) return {ReplicaType::kMaster};
  if (job.Has(ReplicaType::kWorker)) return {ReplicaType::kWorker};
  return {};
}

Verdict JudgeEnd(const ReplicaView& ended, RestartPolicy policy, bool decides_success,
                 JobRules rules) {
  switch (rules) {
    case JobRules::kTFJob:
      return JudgeByPolicy(ended, policy, decides_success);
    case JobRules::kV1Alpha1:
      return JudgeByV1Alpha1(ended, decides_success);
    case JobRules::kBatchJob:
      return ended.phase == Phase::kSucceeded ? Verdict::kFinished : Verdict::kRestart;
  }
  return Verdict::kFailed;
}

RestartPolicy PodRestartPolicy(const spec::TFJob& job, ReplicaType type) {
  // There even an end that the kubelet would repeat may be final.
  if (job.rules == JobRules::kV1Alpha1) return RestartPolicy::kNever;
  const auto replica = job.replicas.find(type);
  if (replica == job.replicas.end()) return RestartPolicy::kNever;
  switch (replica->second.restart_policy) {
    case RestartPolicy::kAlways: {
      const bool may_finish = WhoDecides(job).Include({type, 0});
      return may_finish ? RestartPolicy::kOnFailure : RestartPolicy::kAlways;
    }
    case RestartPolicy::kOnFailure:
      return RestartPolicy::kOnFailure;
    case RestartPolicy::kNever:
    case RestartPolicy::kExitCode:
      return RestartPolicy::kNever;
  }
  return RestartPolicy::kNever;
}

std::optional<int> ActiveLimit(const spec::TFJob& job) {
  return job.rules == JobRules::kBatchJob ? job.parallelism : std::nullopt;
}

}  // namespace trainyard::job

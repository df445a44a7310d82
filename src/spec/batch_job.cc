#include "spec/batch_job.h"

#include <limits>
#include <optional>
#include <utility>

#include "spec/pod_template.h"

namespace trainyard::spec {
namespace {

constexpr int kDefaultBackoffLimit = 6;

constexpr std::string_view kFields[] = {"activeDeadlineSeconds",
                                        "backoffLimit",
                                        "backoffLimitPerIndex",
                                        "completionMode",
                                        "completions",
                                        "managedBy",
                                        "manualSelector",
                                        "maxFailedIndexes",
                                        "parallelism",
                                        "podFailurePolicy",
                                        "podReplacementPolicy",
                                        "selector",
                                        "successPolicy",
                                        "suspend",
                                        "template",
                                        "ttlSecondsAfterFinished"};

Status ReadPolicy(const Reader& reader, const Node& spec, RunPolicy* out) {
  RETURN_IF_ERROR(reader.OptionalInt(spec, "spec", "ttlSecondsAfterFinished", 0,
                                     &out->ttl_seconds_after_finished));
  RETURN_IF_ERROR(
      reader.OptionalInt(spec, "spec", "activeDeadlineSeconds", 0, &out->active_deadline_seconds));
  RETURN_IF_ERROR(reader.Bool(spec, "spec", "suspend", &out->suspend));
  std::optional<int> per_index;
  RETURN_IF_ERROR(reader.OptionalInt(spec, "spec", "backoffLimitPerIndex", 0, &per_index));
  // With a limit of its own for every index, Kubernetes sets none over all.
  out->backoff_limit = per_index ? std::numeric_limits<int>::max() : kDefaultBackoffLimit;
  return reader.OptionalInt(spec, "spec", "backoffLimit", 0, &out->backoff_limit);
}

// How many pods have to succeed, and how many run at a time.
Status ReadCounts(const Reader& reader, const Node& spec, TFJob* job, int* completions) {
  std::optional<int> parallelism;
  std::optional<int> wanted;
  RETURN_IF_ERROR(reader.OptionalInt(spec, "spec", "parallelism", 0, &parallelism));
  RETURN_IF_ERROR(reader.OptionalInt(spec, "spec", "completions", 0, &wanted));
  enum class Mode { kNonIndexed, kIndexed } mode = Mode::kNonIndexed;
  RETURN_IF_ERROR(
      reader.Enum<Mode>(spec, "spec", "completionMode",
                        {{"NonIndexed", Mode::kNonIndexed}, {"Indexed", Mode::kIndexed}}, &mode));
  job->is_indexed = mode == Mode::kIndexed;
  if (job->is_indexed && !wanted) {
    return reader.Fail(*spec.Find("completionMode"), "spec.completionMode",
                       "Indexed needs spec.completions: how many indices there are");
  }
  job->parallelism = parallelism.value_or(1);
  *completions = wanted.value_or(*job->parallelism);
  return OkStatus();
}

}  // namespace

Status ReadSpecBatch(const Reader& reader, const Node& spec, TFJob* job) {
  RETURN_IF_ERROR(reader.CheckKeys(spec, "spec", kFields));
  job->rules = JobRules::kBatchJob;
  job->success_policy = SuccessPolicy::kAllWorkers;
  job->run_policy.clean_pod_policy = CleanPodPolicy::kNone;
  RETURN_IF_ERROR(ReadPolicy(reader, spec, &job->run_policy));
  ReplicaSpec replica;
  RETURN_IF_ERROR(ReadCounts(reader, spec, job, &replica.replicas));
  ASSIGN_OR_RETURN(PodTemplate pod_template,
                   ReadPodTemplate(reader, spec, "spec", {.takes_first_container = true}));
  const RestartPolicy policy = pod_template.restart_policy.value_or(RestartPolicy::kAlways);
  if (policy != RestartPolicy::kNever && policy != RestartPolicy::kOnFailure) {
    const Node& pod = *spec.Find("template")->Find("spec");
    const Node* place = pod.Find("restartPolicy");
    return reader.Fail(place == nullptr ? pod : *place, "spec.template.spec.restartPolicy",
                       "must be required: Never or OnFailure");
  }
  replica.pod = std::move(pod_template.pod);
  replica.pod.has_own_restart_policy = false;
  replica.restart_policy = RestartPolicy::kOnFailure;
  job->replicas[ReplicaType::kWorker] = std::move(replica);
  return OkStatus();
}

}  // namespace trainyard::spec

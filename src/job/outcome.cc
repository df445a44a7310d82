#include "job/outcome.h"

#include <fmt/format.h>

#include "job/times.h"

namespace trainyard::job {
namespace {

using spec::JobRules;
using spec::ReplicaType;

struct Tally {
  int wanted = 0;
  int succeeded = 0;
  int failed = 0;

  bool all_succeeded() const { return wanted > 0 && succeeded == wanted; }
  bool all_over() const { return wanted > 0 && succeeded + failed == wanted; }
  void Add(ReplicaState state) {
    ++wanted;
    if (state == ReplicaState::kSucceeded) ++succeeded;
    if (state == ReplicaState::kFailed) ++failed;
  }
};

struct Tallies {
  PerType<Tally> by_type;
  Tally deciders;
  bool worker_zero_succeeded = false;
};

Tallies CountStates(const Draft& draft) {
  Tallies tallies;
  for (const Member& member : draft.roster().members()) {
    const ReplicaState state = member.record->state;
    tallies.by_type[member.id.type].Add(state);
    if (member.decides) tallies.deciders.Add(state);
    if (member.id == ReplicaId{ReplicaType::kWorker, 0}) {
      tallies.worker_zero_succeeded = state == ReplicaState::kSucceeded;
    }
  }
  return tallies;
}

bool WorkersDecide(const spec::TFJob& job) {
  return job.rules == JobRules::kTFJob && WhoDecides(job).type == ReplicaType::kWorker;
}

bool HasSucceeded(const spec::TFJob& job, const Tallies& tallies) {
  if (tallies.deciders.all_succeeded()) return true;
  // As in Kubernetes: no completions wanted, nothing left to do.
  if (job.rules == JobRules::kBatchJob && job.NumReplicas() == 0) return true;
  if (!WorkersDecide(job) || job.success_policy == spec::SuccessPolicy::kAllWorkers) return false;
  return tallies.worker_zero_succeeded ||
         (job.enable_dynamic_worker && tallies.deciders.all_over() &&
          tallies.deciders.succeeded > 0);
}

// Elastic workers may be lost, as long as somebody can still make the job succeed.
bool IsTolerated(const spec::TFJob& job, ReplicaType type, const Tallies& tallies) {
  const bool may_be_lost = job.rules == JobRules::kTFJob && job.enable_dynamic_worker;
  if (!may_be_lost || type != ReplicaType::kWorker) return false;
  return !WorkersDecide(job) || !tallies.by_type[type].all_over();
}

Outcome Failure(const Draft& draft, std::string message) {
  return {.reason = Reason(draft.job, "Failed"), .message = std::move(message)};
}

Outcome FailureOf(const Draft& draft, ReplicaType type, int failed) {
  const spec::TFJob& job = draft.job;
  if (const std::string& why = draft.limit_broken[type]; !why.empty()) {
    Outcome outcome = Failure(draft, why);
    outcome.is_warning = true;
    outcome.is_limit = true;
    return outcome;
  }
  const bool is_by_exit_code =
      job.rules == JobRules::kTFJob &&
      job.replicas.at(type).restart_policy == spec::RestartPolicy::kExitCode;
  if (is_by_exit_code) {
    Outcome outcome =
        Failure(draft, fmt::format("job \"{}\" is failing because \"{}\" replica(s) failed.",
                                   job.name, spec::ReplicaTypeName(type)));
    outcome.is_warning = true;
    return outcome;
  }
  return Failure(draft,
                 fmt::format("{} {}/{} has failed because {} {} replica(s) failed.", KindName(job),
                             job.name_space, job.name, failed, spec::ReplicaTypeName(type)));
}

// A batch/v1 Job says it in Kubernetes' own words.
Outcome LimitFailure(const Draft& draft, std::string_view batch_reason,
                     std::string_view batch_message, std::string_view message) {
  Outcome outcome =
      draft.job.rules == JobRules::kBatchJob
          ? Outcome{.reason = std::string(batch_reason), .message = std::string(batch_message)}
          : Failure(draft, fmt::format("Job {} has failed because it {}", draft.job.name, message));
  outcome.is_limit = true;
  return outcome;
}

}  // namespace

std::optional<Outcome> JudgeReplicas(const Draft& draft) {
  const Tallies tallies = CountStates(draft);
  if (HasSucceeded(draft.job, tallies)) return Outcome{.is_success = true};
  for (const auto& [type, spec] : draft.job.replicas) {
    const int failed = tallies.by_type[type].failed;
    if (failed > 0 && !IsTolerated(draft.job, type, tallies)) {
      return FailureOf(draft, type, failed);
    }
  }
  return std::nullopt;
}

std::optional<Outcome> JudgeLimits(Draft* draft) {
  const spec::RunPolicy& policy = draft->job.run_policy;
  if (policy.backoff_limit && draft->status().total_restarts() > *policy.backoff_limit) {
    return LimitFailure(*draft, "BackoffLimitExceeded",
                        "Job has reached the specified backoff limit",
                        "has reached the specified backoff limit");
  }
  if (!policy.active_deadline_seconds) return std::nullopt;
  const std::optional<TimePoint> deadline =
      SecondsAfter(*draft->status().start_time, *policy.active_deadline_seconds);
  if (!deadline) return std::nullopt;
  if (draft->now >= *deadline) {
    return LimitFailure(*draft, "DeadlineExceeded", "Job was active longer than specified deadline",
                        "was active longer than specified deadline");
  }
  draft->WakeAt(*deadline);
  return std::nullopt;
}

void Finish(const Outcome& outcome, Draft* draft) {
  JobStatus& status = draft->status();
  draft->Forget();
  // Restarts that this plan was about to begin will not be: the limit has refused them, or the end
  // came first.
  for (ReplicaRecord* record : draft->restarting) --record->restarts;
  status.completion_time = draft->now;
  status.is_limit_exceeded = outcome.is_limit;
  if (outcome.is_success) {
    SetSucceeded(draft->job, draft->now, &status);
  } else {
    SetFailed(outcome.reason, outcome.message, draft->now, &status);
  }
  draft->Tell(ToEvent(status.conditions.back(), outcome.is_warning));
}

}  // namespace trainyard::job

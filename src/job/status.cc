#include "job/status.h"

#include <fmt/format.h>

#include <algorithm>

namespace trainyard::job {
namespace {

void Remove(ConditionType type, JobStatus* status) {
  std::erase_if(status->conditions, [&](const Condition& c) { return c.type == type; });
}

void Put(ConditionType type, bool value, std::string reason, std::string message, TimePoint now,
         JobStatus* status) {
  for (Condition& old : status->conditions) {
    if (old.type != type || old.status != value || old.reason != reason) continue;
    if (old.message != message) {
      old.message = std::move(message);
      old.last_update_time = now;
    }
    return;
  }
  const Condition* old = status->Find(type);
  const bool is_transition = old == nullptr || old->status != value;
  const TimePoint transition = is_transition ? now : old->last_transition_time;
  Remove(type, status);
  status->conditions.push_back(
      {type, value, std::move(reason), std::move(message), now, transition});
}

void EndRunning(JobStatus* status) {
  Remove(ConditionType::kRestarting, status);
  for (Condition& condition : status->conditions) {
    if (condition.type == ConditionType::kRunning) condition.status = false;
  }
}

std::string FullName(const spec::TFJob& job) {
  return fmt::format("{} {}/{}", KindName(job), job.name_space, job.name);
}

}  // namespace

std::string_view ConditionTypeName(ConditionType type) {
  switch (type) {
    case ConditionType::kCreated:
      return "Created";
    case ConditionType::kRunning:
      return "Running";
    case ConditionType::kRestarting:
      return "Restarting";
    case ConditionType::kSucceeded:
      return "Succeeded";
    case ConditionType::kSuspended:
      return "Suspended";
    case ConditionType::kFailed:
      return "Failed";
  }
  return "";
}

const Condition* JobStatus::Find(ConditionType type) const {
  for (const Condition& condition : conditions) {
    if (condition.type == type) return &condition;
  }
  return nullptr;
}

bool JobStatus::Is(ConditionType type) const {
  const Condition* condition = Find(type);
  return condition != nullptr && condition->status;
}

int JobStatus::total_restarts() const {
  int total = 0;
  for (const auto& [id, record] : replicas) total += record.restarts;
  return total;
}

std::string_view KindName(const spec::TFJob& job) {
  return job.rules == spec::JobRules::kBatchJob ? "Job" : "TFJob";
}

std::string Reason(const spec::TFJob& job, std::string_view word) {
  return fmt::format("{}{}", KindName(job), word);
}

std::string RestartingMessage(const spec::TFJob& job, spec::ReplicaType failed) {
  return fmt::format("job {} is restarting because {} replica(s) failed.", job.name,
                     spec::ReplicaTypeName(failed));
}

void SetCreated(const spec::TFJob& job, TimePoint now, JobStatus* status) {
  Put(ConditionType::kCreated, true, Reason(job, "Created"),
      fmt::format("{} {} is created.", KindName(job), job.name), now, status);
}

void SetRunning(const spec::TFJob& job, TimePoint now, JobStatus* status) {
  ClearRestarting(status);
  Put(ConditionType::kRunning, true, Reason(job, "Running"),
      fmt::format("{} is running.", FullName(job)), now, status);
}

void SetRestarting(const spec::TFJob& job, spec::ReplicaType failed, TimePoint now,
                   JobStatus* status) {
  Remove(ConditionType::kRunning, status);
  Put(ConditionType::kRestarting, true, Reason(job, "Restarting"), RestartingMessage(job, failed),
      now, status);
}

void ClearRestarting(JobStatus* status) { Remove(ConditionType::kRestarting, status); }

void SetSucceeded(const spec::TFJob& job, TimePoint now, JobStatus* status) {
  EndRunning(status);
  Put(ConditionType::kSucceeded, true, Reason(job, "Succeeded"),
      fmt::format("{} successfully completed.", FullName(job)), now, status);
}

void SetFailed(const std::string& reason, const std::string& message, TimePoint now,
               JobStatus* status) {
  EndRunning(status);
  Put(ConditionType::kFailed, true, reason, message, now, status);
}

void SetSuspended(const spec::TFJob& job, TimePoint now, JobStatus* status) {
  const std::string reason = Reason(job, "Suspended");
  const std::string message = fmt::format("{} {} is suspended.", KindName(job), job.name);
  if (status->Find(ConditionType::kRunning) != nullptr ||
      status->Find(ConditionType::kRestarting) != nullptr) {
    ClearRestarting(status);
    Put(ConditionType::kRunning, false, reason, message, now, status);
  }
  Put(ConditionType::kSuspended, true, reason, message, now, status);
}

void SetResumed(const spec::TFJob& job, TimePoint now, JobStatus* status) {
  Put(ConditionType::kSuspended, false, Reason(job, "Resumed"),
      fmt::format("{} {} is resumed.", KindName(job), job.name), now, status);
}

}  // namespace trainyard::job

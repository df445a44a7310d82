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
  Remove(type, status);
  status->conditions.push_back({type, value, std::move(reason), std::move(message), now, now});
}

void EndRunning(JobStatus* status) {
  Remove(ConditionType::kRestarting, status);
  for (Condition& condition : status->conditions) {
    if (condition.type == ConditionType::kRunning) condition.status = false;
  }
}

std::string FullName(const spec::TFJob& job) {
  return fmt::format("{}/{}", job.name_space, job.name);
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

void SetCreated(const spec::TFJob& job, TimePoint now, JobStatus* status) {
  Put(ConditionType::kCreated, true, "TFJobCreated", fmt::format("TFJob {} is created.", job.name),
      now, status);
}

void SetRunning(const spec::TFJob& job, TimePoint now, JobStatus* status) {
  Remove(ConditionType::kRestarting, status);
  Put(ConditionType::kRunning, true, "TFJobRunning",
      fmt::format("TFJob {} is running.", FullName(job)), now, status);
}

void SetRestarting(const spec::TFJob& job, spec::ReplicaType failed, TimePoint now,
                   JobStatus* status) {
  Remove(ConditionType::kRunning, status);
  Put(ConditionType::kRestarting, true, "TFJobRestarting",
      fmt::format("job {} is restarting because {} replica(s) failed.", job.name,
                  spec::ReplicaTypeName(failed)),
      now, status);
}

void SetSucceeded(const spec::TFJob& job, TimePoint now, JobStatus* status) {
  EndRunning(status);
  Put(ConditionType::kSucceeded, true, "TFJobSucceeded",
      fmt::format("TFJob {} successfully completed.", FullName(job)), now, status);
}

void SetFailed(const std::string& message, TimePoint now, JobStatus* status) {
  EndRunning(status);
  Put(ConditionType::kFailed, true, "TFJobFailed", message, now, status);
}

void SetSuspended(const spec::TFJob& job, TimePoint now, JobStatus* status) {
  const std::string message = fmt::format("TFJob {} is suspended.", job.name);
  if (status->Find(ConditionType::kRunning) != nullptr ||
      status->Find(ConditionType::kRestarting) != nullptr) {
    Remove(ConditionType::kRestarting, status);
    Put(ConditionType::kRunning, false, "TFJobSuspended", message, now, status);
  }
  Put(ConditionType::kSuspended, true, "TFJobSuspended", message, now, status);
}

void SetResumed(const spec::TFJob& job, TimePoint now, JobStatus* status) {
  Remove(ConditionType::kRunning, status);
  Put(ConditionType::kSuspended, false, "TFJobResumed",
      fmt::format("TFJob {} is resumed.", job.name), now, status);
}

}  // namespace trainyard::job

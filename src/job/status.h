// The status of a TFJob: conditions, counts and times, as the v1 API shows them, and Plan()'s
// memory.
//
// Plain values; thread-compatible. Condition types, reasons, messages and the order of the list
// follow the TFJob controller of training-operator v1.9, except that Succeeded and Failed exclude
// each other and that messages are refreshed.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "job/replica_records.h"

namespace trainyard::job {

enum class ConditionType { kCreated, kRunning, kRestarting, kSucceeded, kSuspended, kFailed };

std::string_view ConditionTypeName(ConditionType type);

struct Condition {
  ConditionType type = ConditionType::kCreated;
  bool status = true;
  std::string reason;
  std::string message;
  TimePoint last_update_time{};
  TimePoint last_transition_time{};

  friend bool operator==(const Condition&, const Condition&) = default;
};

struct ReplicaCounts {
  int active = 0;
  int succeeded = 0;
  int failed = 0;

  friend bool operator==(const ReplicaCounts&, const ReplicaCounts&) = default;
};

struct JobStatus {
  std::vector<Condition> conditions;  // oldest first
  std::map<spec::ReplicaType, ReplicaCounts> replica_counts;
  std::optional<TimePoint> start_time;
  std::optional<TimePoint> completion_time;

  // Not part of the API's status: what the next Plan() needs to know. Scaled-away replicas stay
  // remembered, so that their restarts still count and their instance numbers are not used twice.
  ReplicaRecords replicas;
  // A limit of the job has ended it, not the end of a replica: what still runs is stopped.
  bool is_limit_exceeded = false;

  // Whether the condition is there with status true.
  bool Is(ConditionType type) const;
  const Condition* Find(ConditionType type) const;
  bool is_finished() const { return Is(ConditionType::kSucceeded) || Is(ConditionType::kFailed); }
  int total_restarts() const;

  friend bool operator==(const JobStatus&, const JobStatus&) = default;
};

// Each puts a condition into the list by the controller's rules: the same type, status and reason
// only refreshes the message; otherwise the old entry goes and the new one is appended. Running and
// Restarting replace each other; Succeeded and Failed set Running to false and end Restarting. A
// batch/v1 Job has the same types and order, its texts and reasons say "Job" where a TFJob's say
// "TFJob".
void SetCreated(const spec::TFJob& job, TimePoint now, JobStatus* status);
void SetRunning(const spec::TFJob& job, TimePoint now, JobStatus* status);
void SetRestarting(const spec::TFJob& job, spec::ReplicaType failed, TimePoint now,
                   JobStatus* status);
// Nothing is being restarted any more, though the job as a whole does not run yet.
void ClearRestarting(JobStatus* status);
void SetSucceeded(const spec::TFJob& job, TimePoint now, JobStatus* status);
void SetFailed(const std::string& reason, const std::string& message, TimePoint now,
               JobStatus* status);
void SetSuspended(const spec::TFJob& job, TimePoint now, JobStatus* status);
void SetResumed(const spec::TFJob& job, TimePoint now, JobStatus* status);

// "TFJob" or "Job".
std::string_view KindName(const spec::TFJob& job);
// "TFJobFailed" and the like, as conditions and events name their reasons: what the job is, and the
// word.
std::string Reason(const spec::TFJob& job, std::string_view word);
// "job mnist is restarting because Worker replica(s) failed."
std::string RestartingMessage(const spec::TFJob& job, spec::ReplicaType failed);

}  // namespace trainyard::job

#include "local/local_jobs.h"

#include <poll.h>

#include <algorithm>
#include <filesystem>

#include "local/state/store.h"
#include "local/state/workdir.h"

namespace trainyard::local {
namespace {

// Nobody runs it, and nobody has it in a queue.
bool IsOver(const std::string& workdir) {
  const Result<LocalJob> job = LookAtJob(workdir);
  return !LockHolder(workdir) && (!job.ok() || !job->is_alive());
}

Status WaitForEnd(const LocalJob& job, std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (!IsOver(job.workdir)) {
    if (std::chrono::steady_clock::now() >= deadline) {
      return DeadlineExceededError(
          "job {} has been asked to end and has not within {} s; `kill -9 {}` ends the process "
          "that "
          "runs it, and all of the job with it",
          job.record.name, std::chrono::duration_cast<std::chrono::seconds>(timeout).count(),
          job.record.runner.pid);
    }
    poll(nullptr, 0, 20);
  }
  return OkStatus();
}

Result<LocalJob> LookOnce(const std::string& workdir) {
  LocalJob job{.workdir = workdir};
  const bool is_locked = LockHolder(workdir).has_value();
  Result<JobRecord> record = JobStore(workdir).Read();
  if (!record.ok() && record.status().code() == StatusCode::kNotFound) return record.status();
  if (record.ok()) {
    job.record = *std::move(record);
    job.situation = SituationOf(job.record, is_locked, IsAlive(job.record.runner));
  } else {
    job.record.name = std::filesystem::path(workdir).filename().string();
    job.problem = record.status().message();
  }
  return job;
}

}  // namespace

Situation SituationOf(const JobRecord& record, bool is_locked, bool is_runner_alive) {
  switch (record.stage) {
    case Stage::kQueued:
      return is_runner_alive ? Situation::kQueued : Situation::kKilled;
    case Stage::kActive:
      if (is_locked && is_runner_alive) return Situation::kRunning;
      // The guardian holds the lock until it has ended the replicas.
      return is_locked ? Situation::kStopping : Situation::kKilled;
    case Stage::kStopped:
      return is_locked && is_runner_alive ? Situation::kStopping : Situation::kStopped;
    case Stage::kEnded:
      break;
  }
  if (record.status.Is(job::ConditionType::kSucceeded)) return Situation::kSucceeded;
  if (record.status.Is(job::ConditionType::kFailed)) return Situation::kFailed;
  return Situation::kSuspended;
}

bool IsExpired(const JobRecord& record, job::TimePoint now) {
  if (record.stage != Stage::kEnded || !record.status.is_finished()) return false;
  const auto& ttl = record.ttl_seconds_after_finished;
  const auto& completed = record.status.completion_time;
  return ttl && completed && now >= *completed + std::chrono::seconds(*ttl);
}

Result<LocalJob> LookAtJob(const std::string& workdir) {
  const Result<LocalJob> job = LookOnce(workdir);
  // A run may have begun or ended between the looks at lock and record. The second look at the lock
  // comes after the first at the record: who is alive holds it by then, who has ended has said so.
  if (!job.ok() || job->situation != Situation::kKilled) return job;
  return LookOnce(workdir);
}

std::vector<LocalJob> ListJobs(const Registry& registry, job::TimePoint now) {
  std::vector<LocalJob> jobs;
  for (const std::string& workdir : registry.List()) {
    Result<LocalJob> job = LookAtJob(workdir);
    if (!job.ok()) continue;
    if (job->situation != Situation::kUnreadable && IsExpired(job->record, now) &&
        DeleteJob(*job, registry, std::chrono::milliseconds(0)).ok()) {
      continue;
    }
    jobs.push_back(*std::move(job));
  }
  std::stable_sort(jobs.begin(), jobs.end(), [](const LocalJob& a, const LocalJob& b) {
    return a.record.name < b.record.name;
  });
  return jobs;
}

Status DeleteJob(const LocalJob& job, const Registry& registry, std::chrono::milliseconds timeout) {
  const JobStore store(job.workdir);
  if (!IsOver(job.workdir)) {
    RETURN_IF_ERROR(store.RequestStop());
    RETURN_IF_ERROR(WaitForEnd(job, timeout));
  }
  ASSIGN_OR_RETURN(const Workdir held, Workdir::Open(job.workdir));
  RETURN_IF_ERROR(store.Remove());
  registry.Remove(job.workdir);
  return OkStatus();
}

}  // namespace trainyard::local

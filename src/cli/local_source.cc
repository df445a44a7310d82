#include "cli/local_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <numeric>

#include "cli/job_files.h"
#include "local/state/store.h"
#include "local/state/timestamp.h"
#include "local/state/workdir.h"

namespace trainyard::cli {
namespace {

using local::LocalJob;
using local::Situation;

std::string LastCondition(const job::JobStatus& status) {
  for (auto last = status.conditions.rbegin(); last != status.conditions.rend(); ++last) {
    if (last->status) return std::string(job::ConditionTypeName(last->type));
  }
  return "Starting";
}

std::string StateOf(const LocalJob& job) {
  switch (job.situation) {
    case Situation::kQueued:
      return "Queued";
    case Situation::kRunning:
      return LastCondition(job.record.status);
    case Situation::kStopping:
      return "Stopping";
    case Situation::kStopped:
    case Situation::kKilled:
      return "Interrupted";
    case Situation::kSuspended:
      return "Suspended";
    case Situation::kSucceeded:
      return "Succeeded";
    case Situation::kFailed:
      return "Failed";
    case Situation::kUnreadable:
      return "Unknown";
  }
  return "";
}

std::string NoteOf(const LocalJob& job) {
  const local::JobRecord& record = job.record;
  const std::string when = local::FormatClock(record.updated_at, std::chrono::system_clock::now());
  switch (job.situation) {
    case Situation::kQueued:
      return fmt::format("waits in the queue of process {}", record.runner.pid);
    case Situation::kStopping:
      return "its replicas are being ended";
    case Situation::kStopped:
      return fmt::format("stopped {} at {}; `trainyard run --resume {}` goes on",
                         record.stop_reason, when, record.name);
    case Situation::kKilled:
      return fmt::format(
          "the process that ran it (pid {}) was killed at about {}; `trainyard run --resume {}` "
          "goes on",
          record.runner.pid, when, record.name);
    case Situation::kSuspended:
      return fmt::format("`trainyard run --resume {} --set spec.runPolicy.suspend=false` starts it",
                         record.name);
    case Situation::kFailed:
      return record.status.Find(job::ConditionType::kFailed)->message;
    case Situation::kUnreadable:
      return job.problem;
    case Situation::kRunning:
    case Situation::kSucceeded:
      break;
  }
  return "";
}

// Levenshtein's.
size_t Distance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, change}));
    }
  }
  return row.back();
}

}  // namespace

std::vector<std::pair<std::string, std::string>> SpecLines(const spec::TFJob& job) {
  std::vector<std::pair<std::string, std::string>> lines;
  for (const auto& [type, replica] : job.replicas) {
    std::vector<std::string> words = replica.pod.container.command;
    words.insert(words.end(), replica.pod.container.args.begin(), replica.pod.container.args.end());
    lines.emplace_back(spec::ReplicaTypeName(type),
                       fmt::format("{} x {}, restart {}", replica.replicas, fmt::join(words, " "),
                                   spec::RestartPolicyName(replica.restart_policy)));
  }
  std::vector<std::string> policy;
  const spec::RunPolicy& run = job.run_policy;
  if (run.backoff_limit) policy.push_back(fmt::format("backoffLimit {}", *run.backoff_limit));
  if (run.active_deadline_seconds) {
    policy.push_back(fmt::format("activeDeadlineSeconds {}", *run.active_deadline_seconds));
  }
  if (run.ttl_seconds_after_finished) {
    policy.push_back(fmt::format("ttlSecondsAfterFinished {}", *run.ttl_seconds_after_finished));
  }
  if (run.suspend) policy.push_back("suspend");
  if (!policy.empty()) lines.emplace_back("Run policy", fmt::format("{}", fmt::join(policy, ", ")));
  return lines;
}

std::vector<std::string> NearNames(const std::string& name, std::span<const std::string> names) {
  std::vector<std::pair<size_t, std::string>> near;
  for (const std::string& other : names) {
    const size_t distance = Distance(name, other);
    const bool contains = other.starts_with(name) || name.starts_with(other);
    if (contains || distance <= std::max<size_t>(2, name.size() / 3)) {
      near.emplace_back(distance, other);
    }
  }
  std::sort(near.begin(), near.end());
  near.erase(std::unique(near.begin(), near.end()), near.end());
  if (near.size() > 3) near.resize(3);
  std::vector<std::string> result;
  for (auto& [distance, other] : near) result.push_back(std::move(other));
  return result;
}

Result<LocalJob> ChooseJob(std::span<const LocalJob> jobs, const std::string& name) {
  std::vector<const LocalJob*> found;
  std::vector<std::string> names;
  for (const LocalJob& job : jobs) {
    names.push_back(job.record.name);
    if (job.record.name == name) found.push_back(&job);
  }
  if (found.size() == 1) return *found.front();
  if (found.empty()) {
    const std::vector<std::string> near = NearNames(name, names);
    if (!near.empty()) {
      return NotFoundError("there is no local job \"{}\"; did you mean {}?", name,
                           fmt::join(near, " or "));
    }
    return NotFoundError(
        "there is no local job \"{}\"; `trainyard jobs --local` lists those there are", name);
  }
  std::vector<std::string> places;
  for (const LocalJob* job : found) places.push_back(job->workdir);
  return InvalidArgumentError("there are {} local jobs \"{}\"; choose one with --workdir {}",
                              found.size(), name, fmt::join(places, " or --workdir "));
}

Result<LocalJob> FindLocalJob(const JobChoice& choice, const local::Registry& registry) {
  if (!choice.workdir.empty()) {
    ASSIGN_OR_RETURN(const std::string workdir, local::AbsoluteWorkdir(choice.workdir));
    ASSIGN_OR_RETURN(LocalJob job, local::LookAtJob(workdir));
    if (choice.name.empty() || job.record.name == choice.name) return job;
    return NotFoundError("the job in {} is {}, not {}", workdir, job.record.name, choice.name);
  }
  if (choice.name.empty()) return InvalidArgumentError("expected the name of a job, or --workdir");
  const std::vector<LocalJob> jobs = local::ListJobs(registry, std::chrono::system_clock::now());
  return ChooseJob(jobs, choice.name);
}

JobDescription Summarise(const LocalJob& job) {
  const local::JobRecord& record = job.record;
  JobDescription description{.name = record.name,
                             .name_space = record.name_space,
                             .state = StateOf(job),
                             .state_note = NoteOf(job),
                             .place = job.workdir,
                             .file = record.submission.file,
                             .overrides = record.submission.overrides,
                             .runner = job.is_alive() ? record.runner.pid : 0,
                             .created = record.submitted_at,
                             .status = record.status,
                             .progress = record.progress};
  for (const local::ReplicaInfo& replica : record.replicas) {
    // Of a killed run the record still says "running".
    const bool is_alive = job.is_alive();
    const bool was_cut_off = !is_alive && replica.pid != 0;
    description.replicas.push_back(
        {.name = replica.id.Name(),
         .state = was_cut_off ? "killed" : replica.state,
         .restarts = replica.restarts,
         .exit_code = replica.has_ended ? std::optional(replica.exit_code) : std::nullopt,
         .pid = is_alive ? replica.pid : 0,
         .is_running = is_alive && replica.pid != 0,
         .last_line = replica.message});
  }
  return description;
}

JobDescription Describe(const LocalJob& job) {
  JobDescription description = Summarise(job);
  const local::JobStore store(job.workdir);
  const auto loaded = LoadRecordedJob(store, job.record, {});
  if (loaded.ok()) description.spec = SpecLines(loaded->job);
  for (local::HistoryEvent& event : store.ReadEvents()) {
    description.events.push_back({.time = event.time,
                                  .is_warning = event.is_warning,
                                  .reason = std::move(event.reason),
                                  .message = std::move(event.message),
                                  .replica = std::move(event.replica)});
  }
  return description;
}

}  // namespace trainyard::cli

#include "local/state/job_recorder.h"

#include <algorithm>
#include <chrono>

namespace trainyard::local {
namespace {

constexpr auto kProgressInterval = std::chrono::seconds(1);
constexpr auto kHeartbeat = std::chrono::seconds(5);

bool LooksTheSame(const ReplicaInfo& a, const ReplicaInfo& b) {
  return a.id == b.id && a.state == b.state && a.pid == b.pid && a.restarts == b.restarts &&
         a.exit_code == b.exit_code && a.has_ended == b.has_ended;
}

}  // namespace

void JobRecorder::Update(const JobView& view, job::TimePoint now) {
  const bool has_new_status = record_.status != view.status;
  const bool has_new_state =
      !view.replicas.empty() &&
      !std::equal(view.replicas.begin(), view.replicas.end(), record_.replicas.begin(),
                  record_.replicas.end(), LooksTheSame);
  const bool has_new_progress = view.progress.step && record_.progress != view.progress;
  const auto age = now - record_.updated_at;
  const bool is_due = age >= (has_new_progress ? kProgressInterval : kHeartbeat) ||
                      age < std::chrono::seconds(0);  // the clock was set back
  if (!has_new_status && !has_new_state && !is_due) return;
  record_.status = view.status;
  if (!view.replicas.empty()) record_.replicas = view.replicas;
  // After a resume the last run's stays until there is news.
  if (view.progress.step) record_.progress = view.progress;
  Write(has_new_status ? JobStore::Durability::kSurvivesPowerLoss
                       : JobStore::Durability::kSurvivesKill,
        now);
}

void JobRecorder::SetStage(Stage stage, std::string stop_reason, job::TimePoint now) {
  record_.stage = stage;
  record_.stop_reason = std::move(stop_reason);
  const bool is_end = stage == Stage::kStopped || stage == Stage::kEnded;
  if (is_end) {
    for (ReplicaInfo& replica : record_.replicas) replica.pid = 0;
  }
  // A disk takes its time, and the first replica would have to wait for it.
  Write(is_end ? JobStore::Durability::kSurvivesPowerLoss : JobStore::Durability::kSurvivesKill,
        now);
}

void JobRecorder::AddEvents(std::span<const job::Event> events, job::TimePoint now) {
  std::vector<HistoryEvent> lines;
  for (const job::Event& event : events) {
    lines.push_back({.time = now,
                     .is_warning = event.is_warning,
                     .reason = event.reason,
                     .message = event.message,
                     .replica = event.replica ? event.replica->Name() : ""});
  }
  Check(store_.AppendEvents(lines));
}

void JobRecorder::AddEvent(const HistoryEvent& event) {
  Check(store_.AppendEvents(std::span(&event, 1)));
}

void JobRecorder::Write(JobStore::Durability durability, job::TimePoint now) {
  record_.updated_at = now;
  Check(store_.Write(record_, durability));
}

void JobRecorder::Check(const Status& status) {
  if (status.ok() || has_complained_) return;
  has_complained_ = true;
  complain_(fmt::format("the job's record cannot be kept, the run goes on: {}", status.message()));
}

}  // namespace trainyard::local

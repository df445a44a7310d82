#include "job/restart.h"

#include <algorithm>

namespace trainyard::job {

std::chrono::milliseconds RestartDelay(int quick_failures, const RestartDelays& delays) {
  std::chrono::milliseconds delay = delays.first;
  for (int i = 1; i < quick_failures && delay < delays.longest; ++i) delay *= 2;
  return std::min(delay, delays.longest);
}

bool MayRestart(const spec::TFJob& job, const ReplicaRecord& record) {
  const auto& limit = job.extensions.max_restarts_per_replica;
  return !limit || record.restarts < *limit;
}

bool IsOverLimit(const spec::TFJob& job, const ReplicaRecord& record) {
  const auto& limit = job.extensions.max_restarts_per_replica;
  return limit && record.restarts > *limit;
}

std::optional<TimePoint> WaitsUntil(const spec::TFJob& job, const ReplicaRecord& record) {
  const auto& limit = job.extensions.pending_timeout_seconds;
  if (!limit || record.has_run || record.since == TimePoint{}) return std::nullopt;
  return record.since + std::chrono::seconds(std::max(1, *limit));
}

void ScheduleRestart(bool was_healthy, const RestartDelays& delays, TimePoint now,
                     ReplicaRecord* record) {
  AdoptInstance(record->instance + 1, record);
  record->state = ReplicaState::kWaiting;
  record->quick_failures = was_healthy ? 1 : record->quick_failures + 1;
  record->start_after = now + RestartDelay(record->quick_failures, delays);
}

void SetAside(const ReplicaView* view, ReplicaRecord* record) {
  if (record->is_over()) return;
  const bool was_asked_for =
      record->state == ReplicaState::kStarted || record->since != TimePoint{};
  int instance = record->instance + (was_asked_for ? 1 : 0);
  if (view != nullptr) instance = std::max(instance, view->instance + 1);
  if (instance != record->instance) AdoptInstance(instance, record);
  record->state = ReplicaState::kNotStarted;
  record->quick_failures = 0;
  record->start_after = {};
}

void AdoptInstance(int instance, ReplicaRecord* record) {
  record->instance = instance;
  record->in_place_restarts = 0;
  record->has_run = false;
  record->is_stuck_told = false;
  record->since = {};
}

}  // namespace trainyard::job

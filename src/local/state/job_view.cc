#include "local/state/job_view.h"

#include <algorithm>

#include "local/logs/line_reader.h"

namespace trainyard::local {
namespace {

using spec::ReplicaType;

// Chiefs speak for the job; then the worker that is furthest.
int Rank(ReplicaType type) {
  switch (type) {
    case ReplicaType::kChief:
    case ReplicaType::kMaster:
      return 2;
    case ReplicaType::kWorker:
      return 1;
    case ReplicaType::kPs:
    case ReplicaType::kEvaluator:
      return 0;
  }
  return 0;
}

}  // namespace

Progress CombineProgress(const std::vector<ReplicaInfo>& replicas) {
  Progress job;
  const ReplicaInfo* speaker = nullptr;
  for (const ReplicaInfo& replica : replicas) {
    const Progress& own = replica.progress;
    if (own.max_steps) job.max_steps = std::max(job.max_steps.value_or(0), *own.max_steps);
    if (own.accuracy && own.eval_step.value_or(0) >= job.eval_step.value_or(0)) {
      job.accuracy = own.accuracy;
      job.eval_step = own.eval_step;
    }
    if (Rank(replica.id.type) == 0 || !own.step) continue;
    job.step = std::max(job.step.value_or(0), *own.step);
    const bool is_better =
        speaker == nullptr || Rank(replica.id.type) > Rank(speaker->id.type) ||
        (replica.id.type == speaker->id.type && *own.step > *speaker->progress.step);
    if (is_better) speaker = &replica;
  }
  if (speaker != nullptr) {
    job.loss = speaker->progress.loss;
    job.steps_per_sec = speaker->progress.steps_per_sec;
    job.phase = speaker->progress.phase;
  }
  return job;
}

void RunObserver::OnLogLines(const job::ReplicaId& id, std::string_view lines) {
  ForEachLine(lines, [&](std::string_view line) { OnLog(id, line); });
}

}  // namespace trainyard::local

// Whether the job has come to its end, and how.
#pragma once

#include <optional>
#include <string>

#include "job/draft.h"

namespace trainyard::job {

struct Outcome {
  bool is_success = false;
  std::string reason{};   // of a failure's condition and event
  std::string message{};  // likewise
  bool is_warning = false;
  bool is_limit = false;  // a limit was exceeded: what still runs is to be stopped
};

// By what its replicas have come to. Success wins where both are true at once.
//
// Succeeded: every replica that decides has succeeded. Without Chief and Master also by worker 0
// alone, unless successPolicy is AllWorkers; and, when workers may be lost (enableDynamicWorker),
// by any of them once none is left at work.
// Failed: a replica has failed for good, whatever its type, unless it is a worker that may be lost:
// that fails the job only if nobody is left who could make it succeed.
std::optional<Outcome> JudgeReplicas(const Draft& draft);

// By the job's own limits: backoffLimit restarts are allowed, of every kind, and one more ends the
// job; activeDeadlineSeconds are counted from the start or the last resumption.
std::optional<Outcome> JudgeLimits(Draft* draft);

// Writes the end into the status: condition, completion time, event.
void Finish(const Outcome& outcome, Draft* draft);

}  // namespace trainyard::job

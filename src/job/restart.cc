#include "job/restart.h"

#include <algorithm>

namespace trainyard::job {

Verdict JudgeEnd(const ReplicaView& ended, spec::RestartPolicy policy, bool decides_success) {
  if (ended.phase == Phase::kSucceeded) {
    return policy == spec::RestartPolicy::kAlways && !decides_success ? Verdict::kRestart
                                                                      : Verdict::kFinished;
  }
  if (ended.disrupted) return Verdict::kRestart;
  switch (policy) {
    case spec::RestartPolicy::kAlways:
    case spec::RestartPolicy::kOnFailure:
      return Verdict::kRestart;
    case spec::RestartPolicy::kNever:
      return Verdict::kFailed;
    case spec::RestartPolicy::kExitCode:
      return ended.exit_code >= 128 ? Verdict::kRestart : Verdict::kFailed;
  }
  return Verdict::kFailed;
}

std::chrono::milliseconds RestartDelay(int quick_failures, const RestartDelays& delays) {
  std::chrono::milliseconds delay = delays.first;
  for (int i = 1; i < quick_failures && delay < delays.longest; ++i) delay *= 2;
  return std::min(delay, delays.longest);
}

}  // namespace trainyard::job

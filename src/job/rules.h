// By whose rules a job lives: who decides its success, whether an ended instance is followed by
// another, how many may run at once, and whether the job is ours at all.
//
// All that differs between a TFJob, a v1alpha1 TFJob and a batch/v1 Job (spec::JobRules) is here;
// the rest of the folder asks. Pure, thread-safe.
#pragma once

#include <optional>

#include "job/replica.h"
#include "spec/tfjob.h"

namespace trainyard::job {

// managedBy names another controller: then nothing at all is to be done for the job.
bool IsManagedElsewhere(const spec::TFJob& job);

// Whose success is the job's.
//
// kTFJob: Chief or Master if there is one; else the workers, if the job has that type, be it with
// no replicas for now; else (only parameter servers or evaluators) every replica.
// kV1Alpha1: the chief replica, which is the first Master or, without that type, the first Worker.
// kBatchJob: every replica.
struct Deciders {
  std::optional<spec::ReplicaType> type;  // none: every type
  bool is_first_only = false;             // of that type

  bool Include(const ReplicaId& id) const {
    return !type || (id.type == *type && (!is_first_only || id.index == 0));
  }
};
Deciders WhoDecides(const spec::TFJob& job);

enum class Verdict { kFinished, kRestart, kFailed };

// What follows the end of an instance. One that was ended from outside is restarted under every
// policy, within the limits: it was not its own failure.
//
// kTFJob: by the restart policy. A replica that decides is finished when it exits with 0 even under
// Always, which would otherwise never let the job end. A failure without a known exit code is no
// permanent one under ExitCode.
// kV1Alpha1: who exits with 0 is finished. The chief replica has failed for good with the codes 1
// to 127 or when it ran out of memory; all other ends are followed by a restart.
// kBatchJob: every failure is followed by a restart, under OnFailure and Never alike.
Verdict JudgeEnd(const ReplicaView& ended, spec::RestartPolicy policy, bool decides_success,
                 spec::JobRules rules = spec::JobRules::kTFJob);

// The restartPolicy of the replica's pods, so that JudgeEnd() has the last word: the kubelet may
// restart in place only what would be restarted anyway. Never kExitCode.
spec::RestartPolicy PodRestartPolicy(const spec::TFJob& job, spec::ReplicaType type);

// How many instances may be active at once; nullopt: all of them.
std::optional<int> ActiveLimit(const spec::TFJob& job);

}  // namespace trainyard::job

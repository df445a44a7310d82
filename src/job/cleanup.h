// What happens to replicas and to the job itself after its end.
#pragma once

#include "job/draft.h"

namespace trainyard::job {

// By cleanPodPolicy, after success with some time for each kind of replica to end by itself:
//
// Running: what is active is stopped, what has ended stays. All: that goes, too.
// None: what has ended stays, with its log, and replicas that will end by themselves are left to
// it. Stopped are only parameter servers, which never do, as soon as no chief or worker needs them
// (after a failure at once), pods that only sidecars keep alive, and everything if a limit of the
// job was exceeded.
//
// A batch/v1 Job stops what is active and keeps what has ended.
void CleanUp(Draft* draft);

// Whether the job is to be deleted: ttlSecondsAfterFinished after its completion, but not before
// its end has been kept in `was_finished_before`'s status, not during the time that an evaluator or
// others have to end by themselves, and never while suspended.
void Expire(bool was_finished_before, Draft* draft);

// For who applies kStop to pods. False: the pod is deleted. True: cleanPodPolicy is None and the
// job is over, so the pod is to be ended where it is (by its activeDeadlineSeconds) and keeps its
// log.
bool StoppedPodsStay(const spec::TFJob& job, const JobStatus& status);

// Whether a replica's Service is to exist: until the job has ended or is suspended, and after its
// end while the replica is active (`view`, null for none). So no Service outlives its pod's work,
// whatever cleanPodPolicy keeps of the pod.
bool NeedsService(const spec::TFJob& job, const JobStatus& status, const ReplicaId& id,
                  const ReplicaView* view);

}  // namespace trainyard::job

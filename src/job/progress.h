// What the status says of a job that has not ended: whether it runs or restarts, and the counts.
#pragma once

#include "job/draft.h"

namespace trainyard::job {

// Restarting holds from a replica's end until its next instance runs, for as long as any replica
// is in that state. Otherwise the job is Running as soon as a replica that decides runs.
void UpdateRunning(Draft* draft);

// replicaStatuses of the types the job has. Active: running, and none while suspended. After
// success what was still at work counts as succeeded once it is ended, as the controller has it;
// after failure what was about to be restarted counts as failed.
void CountReplicas(Draft* draft);

}  // namespace trainyard::job

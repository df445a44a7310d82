// Which instances begin now, and which must end first.
#pragma once

#include "job/draft.h"

namespace trainyard::job {

// Instances that should not be: older ones than the present, and those of replicas that are over.
// Also, under a parallelism that has been lowered, the last of the present ones.
void StopStrays(Draft* draft);

// Starts what waits and may: its delay is over, no older instance of it is still ending, under
// kInOrder every parameter server runs (of them none waits for another), and there is room under
// the parallelism.
void StartWaiting(Draft* draft);

}  // namespace trainyard::job

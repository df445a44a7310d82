// Jobs that stop for a while, and replicas that are no longer wanted.
#pragma once

#include "job/draft.h"

namespace trainyard::job {

// Everything goes, finished replicas' remains too; what had not finished begins anew later. No
// restart is counted. If the job has just come to its end by itself, that is its end instead.
void Suspend(Draft* draft);

// The job is to run: the start time is set, after a suspension anew.
void StartOrResume(Draft* draft);

// Replicas beyond the wanted number, and of types that are no longer wanted, go. Scaled up again,
// they run again, unless they had succeeded.
void DropUnwanted(Draft* draft);

}  // namespace trainyard::job

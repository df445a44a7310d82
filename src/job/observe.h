// Brings what is remembered of the wanted replicas up to date with what is seen of them: ends are
// judged, restarts counted and scheduled, waits measured. No action comes from it.
#pragma once

#include "job/draft.h"

namespace trainyard::job {

void Observe(Draft* draft);

// For a job that is to be suspended now: only ends that are final are taken over. What else has
// ended or vanished begins again when the job resumes, and that counts as no restart.
void ObserveFinalEnds(Draft* draft);

}  // namespace trainyard::job

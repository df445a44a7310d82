// How a run begins, given what is left of the last run of the same job. Pure, thread-safe.
#pragma once

#include <optional>
#include <string>

#include "job/status.h"
#include "local/state/job_record.h"
#include "spec/tfjob.h"

namespace trainyard::local {

struct Beginning {
  bool goes_on = false;  // with what the record says; else with a clean slate
  std::string note{};    // for the person, if there is something to say
  JobRecord record{};    // to begin with
  HistoryEvent event{};  // for the history
};

// A job whose last run has finished begins anew; one that was stopped, killed or suspended goes on:
// conditions, restarts and finished replicas are kept, the others run again, which is no restart.
// `earlier` must not be of a run that is still alive.
Beginning PlanBeginning(const spec::TFJob& job, const std::optional<JobRecord>& earlier,
                        job::TimePoint now);

// The status of a job whose processes were ended from outside, to be planned from: what ran waits
// to run again, and startTime, from which activeDeadlineSeconds counts, is set when it does, as
// after a suspension.
job::JobStatus StatusToGoOnWith(job::JobStatus status);

// Running and Restarting end with the run that was stopped.
job::JobStatus StoppedStatus(job::JobStatus status, const std::string& message, job::TimePoint now);

}  // namespace trainyard::local

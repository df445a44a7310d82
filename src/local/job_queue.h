// Runs several jobs at once, each as RunJob() would, and lets the rest wait. One thread.
//
//   std::vector<JobToRun> jobs = {{job, {.workdir = "out/a"}}, ...};
//   for (const Result<RunOutcome>& outcome : RunJobs(jobs, {.max_parallel = 4}, observer)) ...
#pragma once

#include <cstddef>
#include <vector>

#include "base/status.h"
#include "local/runner.h"
#include "local/state/job_view.h"
#include "spec/tfjob.h"

namespace trainyard::local {

struct JobToRun {
  spec::TFJob job{};
  RunOptions options{};  // interrupt_fd and tick: see QueueOptions
};

struct QueueOptions {
  int max_parallel = 1;  // jobs, not replicas
  // As in RunOptions, for all jobs; after the first byte no other job is started.
  int interrupt_fd = -1;
  std::chrono::milliseconds tick{200};
};

struct QueueCounts {
  int queued = 0;
  int running = 0;
  int succeeded = 0;
  int failed = 0;  // or could not be started
  int stopped = 0;
  int suspended = 0;

  friend bool operator==(const QueueCounts&, const QueueCounts&) = default;
};

// Gets told by RunJobs(), on its thread. Jobs are numbered as they were given.
class QueueObserver {
 public:
  virtual ~QueueObserver() = default;
  // Who is told about one job; must live as long as this observer.
  virtual RunObserver& ObserverOf(size_t number) = 0;
  // The job has ended; nothing of it is running any more.
  virtual void OnEnd(size_t number, const Result<RunOutcome>& outcome) = 0;
  // After each round: whenever something may have changed, and several times a second.
  virtual void OnRound(const QueueCounts& counts) = 0;
};

// Blocks until every job has ended. Jobs are started in the order given; one that cannot be started
// has a Status for outcome and does not keep the others from running. The outcomes are in the order
// of the jobs.
std::vector<Result<RunOutcome>> RunJobs(std::vector<JobToRun> jobs, const QueueOptions& options,
                                        QueueObserver& observer);

}  // namespace trainyard::local

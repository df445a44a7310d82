// Runs TFJobs as processes on this machine.
//
//   RunOptions options{.workdir = "out/digits"};
//   ASSIGN_OR_RETURN(RunOutcome outcome, RunJob(job, options, observer));
//   return outcome.exit_code;
//
// The caller's main() must begin with RunGuardianIfAsked() (local/process/guardian.h). RunJob
// blocks until the job has ended and every process it started is gone. For several jobs see
// job_queue.h.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "job/plan.h"
#include "local/launch/launch_options.h"
#include "local/state/job_view.h"
#include "spec/tfjob.h"

namespace trainyard::local {

// Everything is stopped with the job, and restarts and parameter servers' ends are waited for less
// long than on a cluster.
job::PlanOptions LocalPlanOptions();

struct RunOptions {
  std::string workdir{};                           // made if it is not there
  std::string directory{};                         // where replicas start; empty: the current one
  std::vector<std::string> program_directories{};  // asked for programs after $PATH
  LaunchOptions launch{};

  // For the record (store.h): where the job came from.
  std::string job_text{};
  std::string job_file{};  // absolute; empty if it came from no file
  std::vector<std::string> overrides{};
  std::string state_directory{};  // of the registry; empty: the job is not entered

  // Fail unless there is a run that can be gone on with.
  bool must_go_on = false;

  // Each byte that can be read here is a wish to stop: the first ends the replicas as Kubernetes
  // would (TERM, grace period, KILL), the second kills them. Borrowed; -1 for none.
  int interrupt_fd = -1;
  bool forward_logs = false;            // call OnLogLines; replicas wait for a slow observer
  std::chrono::milliseconds tick{200};  // how often output is read
  job::PlanOptions plan = LocalPlanOptions();
};

// The replica whose end made the job fail.
struct ReplicaFailure {
  job::ReplicaId id{};
  int exit_code = 0;
  std::string log_path{};
  std::vector<std::string> last_lines{};
};

struct RunOutcome {
  JobView view{};  // at the end
  // 0 succeeded (or suspended), 1 failed, 130 stopped, by an interrupt or from another terminal,
  // before it had succeeded or failed
  int exit_code = 0;
  bool is_suspended = false;
  std::string stop_reason{};                // exit_code 130: in words
  std::optional<ReplicaFailure> failure{};  // none if no replica is to blame, as for a deadline
};

// A Status only if the job could not be started at all, or its guardian process was killed. Nothing
// is left running in any case.
Result<RunOutcome> RunJob(const spec::TFJob& job, const RunOptions& options, RunObserver& observer);

}  // namespace trainyard::local

// One job on its way through a local run, moved on by whoever waits for its events (job_queue.h).
//
//   ASSIGN_OR_RETURN(auto run, JobRun::Create(job, options, observer));   recorded as queued
//   RETURN_IF_ERROR(run->Start());                                        processes from here on
//   while (!*run->Step()) WaitUntil(Readable(run->fd()), run->wake_at());
//   RunOutcome outcome = run->Finish();
//
// The destructor ends every process of the job, however far it came, and gives the lock of the work
// directory back. Thread-compatible.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/status.h"
#include "local/process/guardian.h"
#include "local/process/ports.h"
#include "local/replica_process.h"
#include "local/runner.h"
#include "local/state/job_recorder.h"
#include "local/state/job_view.h"
#include "local/state/workdir.h"

namespace trainyard::local {

struct LaunchContext;

class JobRun {
 public:
  // Enters the job into its work directory, to go on with what an earlier run left there or to
  // begin anew. `observer` must outlive the run. FailedPrecondition if another run has the
  // directory, or if options.must_go_on and there is nothing to go on with.
  static Result<std::unique_ptr<JobRun>> Create(spec::TFJob job, RunOptions options,
                                                RunObserver& observer);
  ~JobRun();

  const spec::TFJob& job() const { return job_; }

  // Takes the lock, looks every program up and starts the guardian. A suspended job starts nothing,
  // and has ended. After a failure, which is recorded, only destruction is left.
  Status Start();

  // Reads what has happened, plans and acts; true when the job has ended and nothing is running. A
  // Status if the guardian was killed; everything has been ended then.
  Result<bool> Step();

  // What to wait for between steps; -1 and nullopt for nothing.
  int fd() const { return guardian_ == nullptr ? -1 : guardian_->channel().fd(); }
  std::optional<job::TimePoint> wake_at() const;

  // The first time: TERM, grace period, KILL. From the second time on: KILL. `reason` says in words
  // who wished it.
  void Interrupt(const std::string& reason);

  // Before Start(): the job will not be started; Finish() comes next.
  void Abandon(const std::string& reason);

  // Whether another process has asked for the end of this job (JobStore::RequestStop).
  bool IsStopRequested() const { return recorder_.store().IsStopRequested(); }

  JobView View() const;

  // Records how the job ended.
  RunOutcome Finish();

 private:
  JobRun(spec::TFJob job, RunOptions options, RunObserver& observer, std::string workdir,
         JobRecord record);

  Status Prepare();
  Result<LaunchContext> MakeLaunchContext();
  Status MakeReplicas(LaunchContext* context);
  void RecordStartFailure(const Status& status);
  Status ReadGuardian();
  void SweepUp();
  bool Advance();
  void Take(job::PlanResult* plan);
  void Apply(const job::Action& action);
  void Send(const Message& message);
  bool AnyActive() const;
  std::optional<ReplicaFailure> FindFailure() const;

  const spec::TFJob job_;
  const RunOptions options_;
  RunObserver& observer_;
  const std::string workdir_path_;
  const std::string run_name_;
  const std::chrono::steady_clock::time_point created_at_;

  JobRecorder recorder_;
  job::JobStatus status_;
  std::optional<std::chrono::steady_clock::time_point> started_at_;
  std::optional<Workdir> workdir_;
  PortReservation ports_;
  std::map<job::ReplicaId, std::unique_ptr<ReplicaProcess>> replicas_;
  std::optional<job::TimePoint> wake_at_;
  uint64_t last_message_id_ = 0;
  int interrupts_ = 0;
  bool has_more_output_ = false;  // to be read at once
  std::string stop_reason_;
  // Last, so that it is the first to go: its destructor ends every process.
  std::unique_ptr<Guardian> guardian_;
};

}  // namespace trainyard::local

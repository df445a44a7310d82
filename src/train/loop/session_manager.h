// From nothing to a session that is ready to train, at the start and after each failure.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "tf/session.h"
#include "train/checkpoints/checkpoint_directory.h"
#include "train/checkpoints/shared_directory_check.h"
#include "train/loop/job_control.h"
#include "train/loop/progress.h"
#include "train/loop/watchdog.h"
#include "train/model_graph.h"
#include "train/run_config.h"

namespace trainyard::train {

// Connects to the parameter servers, if there are any, and sees to it that the variables have
// values:
//
// - The chief keeps what live parameter servers hold, unless the newest checkpoint is ahead of it;
//   else restores the newest checkpoint that is whole; else initialises. It says which.
// - A worker waits for the chief to have done so, looking several times a second.
//
// Waits are bounded by RunConfig::session_creation_timeout and say for whom they wait. Borrows its
// arguments. Thread-compatible.
class SessionManager {
 public:
  // `control` is null in one process. `target` is the session target.
  SessionManager(const RunConfig& config, const ModelGraph& model, const JobControl* control,
                 CheckpointDirectory* checkpoints, Watchdog* watchdog, ProgressReporter* reporter,
                 std::string target);

  // Runs after the initialisation of a new model; see warm_start.h.
  void SetWarmStart(tf::Operation op) { warm_start_ = op; }

  // Runs once, when the chief has reached all parameter servers.
  void SetDirectoryCheck(SharedDirectoryCheck* check) { directory_check_ = check; }

  // Unavailable if the cluster does not answer in time, Cancelled if the process was asked to stop.
  Result<std::unique_ptr<tf::Session>> MakeReady();
  // A session whose variables have no values yet; only lookup tables are filled.
  Result<std::unique_ptr<tf::Session>> Connect();

 private:
  Status PrepareVariables(tf::Session* session);  // chief
  Status RestoreNewest(tf::Session* session, bool* restored);
  Result<bool> IsReady(tf::Session* session);  // worker
  Result<int64_t> GlobalStep(tf::Session* session);
  std::string WaitingFor() const;

  const RunConfig& config_;
  const ModelGraph& model_;
  const JobControl* const control_;
  CheckpointDirectory* const checkpoints_;
  Watchdog* const watchdog_;
  ProgressReporter* const reporter_;
  const std::string target_;
  tf::Operation warm_start_ = nullptr;
  SharedDirectoryCheck* directory_check_ = nullptr;
};

// Whether a failure of a distributed run may pass: a task restarted, went away or lost its state.
bool IsRecoverable(const Status& status);

}  // namespace trainyard::train

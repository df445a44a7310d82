// The evaluator's side of save_on_chief: the chief's checkpoints, brought to its own directory.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/status.h"
#include "train/checkpoints/checkpoint_mirror.h"
#include "train/checkpoints/chief_link.h"
#include "train/loop/progress.h"
#include "train/run_config.h"

namespace trainyard::train {

// Copies the chief's newest checkpoint into the evaluator's model_dir, in a thread, while that is
// evaluated. A chief that is away or does not answer is waited for, with a line in the log, and so
// is room on the disk: every request has a deadline, step_timeout for a file and seconds for all
// else. Where chief and evaluator turn out to have the same directory, nothing is copied.
//
// Owned by the evaluator's loop, in one thread; status() may be asked from any. The destructor
// waits for the request in progress.
class CheckpointFollower {
 public:
  // Waits for the chief to say where its checkpoints are; until then what is in model_dir may be an
  // earlier run's. Unavailable after session_creation_timeout, Cancelled if asked to stop. Borrows
  // `config` for its life.
  static Result<std::unique_ptr<CheckpointFollower>> Start(const RunConfig& config,
                                                           ProgressReporter* reporter);

  // Unavailable once the chief has been away, or its checkpoints could not be had, for
  // session_creation_timeout: nothing more will come.
  Status status() const;

  // Whether the newest checkpoint in model_dir is one of the chief's, not only one that an earlier
  // run has left there.
  bool has_checkpoint() const { return has_checkpoint_.load(); }

 private:
  explicit CheckpointFollower(const RunConfig& config);
  Status Connect();
  Result<bool> Round();
  void Follow(const std::stop_token& stop);

  const RunConfig& config_;
  const std::string address_;
  CheckpointMirror mirror_;
  std::unique_ptr<ChiefLink> link_;  // none: to be made (again)
  std::string chief_dir_;
  std::atomic<bool> has_checkpoint_{false};
  mutable std::mutex mutex_;
  Status status_;        // guarded by mutex_
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace trainyard::train

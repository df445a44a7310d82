// Saves checkpoints while training.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "records/event_writer.h"
#include "train/checkpoints/checkpoint_directory.h"
#include "train/checkpoints/saver.h"
#include "train/hooks/training_hook.h"
#include "train/loop/watchdog.h"
#include "train/run_config.h"

namespace trainyard::train {

// Saves at the first step, every save_checkpoints_steps or _secs, and at the end, as Estimator's
// CheckpointSaverHook does; the chief's task. A session that is made again after a failure does not
// save again what it has just restored.
class CheckpointHook : public TrainingHook {
 public:
  // Called after each save with the checkpoint's prefix; `is_last` at the end of training.
  using Listener = std::function<Status(const std::string& prefix, int64_t step, bool is_last)>;

  // Called when a checkpoint's files are written, before it is announced in the file `checkpoint`:
  // writes what belongs to it, so that whoever finds the checkpoint finds that too.
  using Companion = std::function<Status(const std::string& prefix)>;

  // Borrows the arguments for its life. `companion` and `listener` may be empty.
  CheckpointHook(const RunConfig& config, const Saver& saver, CheckpointDirectory* checkpoints,
                 records::EventWriter* events, Watchdog* watchdog, Companion companion,
                 Listener listener);

  Status AfterCreateSession(tf::Session* session, int64_t global_step) override;
  Status AfterStep(tf::Session* session, const StepResult& step) override;
  Status End(tf::Session* session, int64_t global_step) override;

 private:
  bool IsDue(int64_t global_step) const;
  Status Save(tf::Session* session, int64_t global_step, bool is_last);

  const RunConfig& config_;
  const Saver& saver_;
  CheckpointDirectory* const checkpoints_;
  records::EventWriter* const events_;
  Watchdog* const watchdog_;
  const Companion companion_;
  const Listener listener_;
  int64_t last_step_ = -1;
  std::chrono::steady_clock::time_point last_time_;
};

}  // namespace trainyard::train

// One training process: a program that runs alone, or a chief or worker of a cluster.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "records/event_writer.h"
#include "train/checkpoints/checkpoint_directory.h"
#include "train/checkpoints/input_position.h"
#include "train/checkpoints/warm_start.h"
#include "train/hooks/checkpoint_hook.h"
#include "train/hooks/hook_list.h"
#include "train/hooks/training_hook.h"
#include "train/input.h"
#include "train/loop/progress.h"
#include "train/loop/watchdog.h"
#include "train/model_graph.h"
#include "train/run_config.h"
#include "train/strategies/strategy.h"

namespace trainyard::train {

struct TrainOptions {
  std::optional<int64_t> max_steps;     // of the job, all replicas together
  CheckpointHook::Listener after_save;  // chief only
  // Go on in the data where the checkpoint was that training goes on from (PositionedInput); else
  // with the first batch, as tf.estimator does.
  bool resume_input = true;
  // The user's own, called after the check for NaN and before the savers; see training_hook.h.
  std::vector<std::shared_ptr<TrainingHook>> hooks;
  // Where a new model takes first values from, if not from its initializers.
  std::optional<WarmStartSettings> warm_start;
  // Of the server that this process has started already (StartServer), in a role that trains
  // through one; empty: Estimator::Train starts it.
  std::string server_target;
};

struct TrainResult {
  int64_t global_step = 0;  // reached by the job
  int64_t local_steps = 0;  // made by this process
};

// Runs training steps until the job's step count, the end of the data or a stop signal. How the
// processes of a job train together, what happens when one of them fails and in which order they
// end is the Strategy's part. One Run per Trainer. Thread-compatible.
class Trainer {
 public:
  // `target`: the session target of this process's server, "" in one process.
  static Result<std::unique_ptr<Trainer>> Create(const ModelFn& model_fn,
                                                 std::shared_ptr<const Input> input,
                                                 const RunConfig& config, std::string target,
                                                 TrainOptions options, ProgressReporter* reporter);

  // Cancelled if the process was asked to stop; what was trained is saved then, too.
  Result<TrainResult> Run();

 private:
  Trainer(const RunConfig& config, TrainOptions options, ProgressReporter* reporter);
  // trainer_setup.cc
  Status SetUp(const ModelFn& model_fn, std::string target);
  Status SetUpChief();
  void AddSummaryFetches();

  // Trains with one session; returns when training ends or something fails.
  Status RunSession(tf::Session* session);
  // Where to go on in the data, at the start and after the model has gone back to a checkpoint.
  Status PlaceInput(int64_t last_step);
  Status SaveInputPosition(const std::string& prefix);
  Status SaveCompanions(const std::string& prefix);  // what stands beside a checkpoint
  Status RunSteps(tf::Session* session);
  Status RunStep(tf::Session* session);  // on batch_
  Status Finish(tf::Session* session);
  Status StatusWhenStopped(const Status& status) const;
  bool IsDone() const;
  bool IsWorker() const { return !config_.is_chief(); }

  const RunConfig config_;
  const TrainOptions options_;
  ProgressReporter* const reporter_;
  std::shared_ptr<const Input> input_;
  std::string meta_graph_;  // as checkpoints carry it; made with the first one
  Watchdog watchdog_;
  CheckpointDirectory checkpoints_;
  std::unique_ptr<ModelGraph> model_;
  std::unique_ptr<records::EventWriter> events_;  // chief only
  std::unique_ptr<Strategy> strategy_;
  HookList hooks_;
  std::unique_ptr<PositionedInput> batches_;
  std::optional<Batch> batch_;  // drawn; its step is not known to be done
  std::vector<tf::Output> plain_fetches_;
  std::vector<tf::Output> summary_fetches_;
  bool has_other_summaries_ = false;  // the last of summary_fetches_
  TrainResult result_;
  bool input_placed_ = false;
  bool data_ended_ = false;
};

}  // namespace trainyard::train

// Training and evaluation in every role of a job, from one program.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "train/estimator.h"
#include "train/exports/exporter.h"

namespace trainyard::train {

struct TrainSpec {
  std::shared_ptr<const Input> input;
  std::optional<int64_t> max_steps;  // > 0; of the whole job
  // In every training process; see training_hook.h and *_hook.h.
  std::vector<std::shared_ptr<TrainingHook>> hooks;
  // Called on the chief after each save.
  std::vector<CheckpointHook::Listener> saving_listeners;
  // Where a new model takes first values from; see warm_start.h.
  std::optional<WarmStartSettings> warm_start;
  // Go on in the data where the checkpoint was that training goes on from; false: with the first
  // batch, as tf.estimator does. See TrainOptions.
  bool resume_input = true;
};

// As tf.estimator.EvalSpec, with delays that suit curves one wants to watch.
struct EvalSpec {
  std::shared_ptr<const Input> input;
  std::optional<int64_t> steps;  // batches per evaluation; none: until the data ends
  std::string name;
  std::chrono::seconds start_delay{0};  // upstream: 120
  // At least this long from one evaluation's start to the next; the last checkpoint is always
  // evaluated, without delay. Upstream: 600.
  std::chrono::seconds throttle{10};
  // Called around the batches of each evaluation.
  std::vector<std::shared_ptr<TrainingHook>> hooks;
  // Called after each evaluation; names must be different. See exporter.h.
  std::vector<std::shared_ptr<Exporter>> exporters;
};

struct TrainAndEvaluateResult {
  std::optional<EvalResult> evaluation;  // the last one, where this role evaluates
};

// Does what this process's role in TF_CONFIG asks for:
//
//   role               does
//   none, or alone     trains, evaluates checkpoints as they come and the last one
//   chief              trains, saves; never evaluates
//   master (2018)      as the chief, and evaluates like a program that runs alone
//   worker             trains
//   ps                 holds variables until training ends
//   evaluator          evaluates new checkpoints until the last one
//
// Workers without parameter servers train by all-reduce (strategies/all_reduce.h); without a chief,
// worker 0 does what the chief does. A step then counts once for all of them, and its batch is that
// of all workers together.
//
// Returns when the role's work is done. Cancelled: asked to stop by SIGTERM or Ctrl-C, all saved.
// Unavailable: the cluster did not answer in time. Call CatchStopSignals() in main before.
Result<TrainAndEvaluateResult> TrainAndEvaluate(const Estimator& estimator, const TrainSpec& train,
                                                const EvalSpec& eval);

// The exit code that tells a job's restart policy what happened: 0; 143 asked to stop; 138 the
// cluster did not answer; 1 anything else.
int ExitCodeOf(const Status& status);

// For the end of main: tells the failure on standard error and in the progress file, in one line,
// and returns ExitCodeOf(status).
int ReportEnd(const Status& status);

}  // namespace trainyard::train

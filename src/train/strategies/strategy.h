// How the processes of a job train together: the part of the training loop that differs.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "tf/session.h"
#include "train/checkpoints/checkpoint_directory.h"
#include "train/hooks/training_hook.h"
#include "train/loop/progress.h"
#include "train/loop/watchdog.h"
#include "train/model_graph.h"
#include "train/run_config.h"

namespace trainyard::train {

// What a strategy works with. Borrowed; outlives it.
struct StrategyContext {
  const RunConfig& config;
  ModelGraph& model;  // whole; a strategy may still add operations
  CheckpointDirectory* checkpoints;
  Watchdog* watchdog;
  ProgressReporter* reporter;
  std::string target;                     // of this process's server; "" without one
  std::optional<int64_t> max_steps;       // of the job
  tf::Operation warm_start_op = nullptr;  // run once after the initialisation of a new model
};

// One training step as the loop asks for it. Borrowed for the call.
struct StepRun {
  std::vector<tf::Feed> feeds;      // the batch
  std::vector<tf::Output> fetches;  // the loss, the step after the update, then summaries
  const StepRequest& request;       // what hooks want besides
  std::string* run_metadata;        // filled if the request wants a trace
};

// Owned by Trainer, which calls in this order, from MakeReady again after each failure that
// MayRecover:
//
//   MakeReady -> BeginTraining -> RunStep* -> EndSteps -> (hooks end, the chief saves) -> Leave
//
// Every wait is bounded and says for whom it waits. Thread-compatible.
class Strategy {
 public:
  virtual ~Strategy() = default;

  // A session in which every variable has its value. Owned by the strategy, valid until the next
  // call. Unavailable if the other processes do not answer within session_creation_timeout,
  // Cancelled if this one was asked to stop.
  virtual Result<tf::Session*> MakeReady() = 0;

  // This process takes part from now on.
  virtual Status BeginTraining(tf::Session* /*session*/) { return OkStatus(); }

  // The values of the fetches, then those of the request's; none if the job has ended before this
  // step, which was then not made.
  virtual Result<std::optional<std::vector<tf::Tensor>>> RunStep(tf::Session* session,
                                                                 StepRun run) = 0;

  // Whether another process has ended the job: no further step is made here.
  virtual bool IsJobEnding() const { return false; }

  // No further step is made here: max_steps, the end of the data, a hook, or a stop signal. Returns
  // when the last step of all others is done, or they cannot be waited for any longer.
  virtual Status EndSteps(tf::Session* /*session*/) { return OkStatus(); }

  // All that this process does is done and saved.
  virtual Status Leave(tf::Session* /*session*/) { return OkStatus(); }

  // Whether MakeReady may cure this failure of any call above but MakeReady itself.
  virtual bool MayRecover(const Status& /*status*/) const { return false; }
};

// The strategy that follows from TF_CONFIG. Adds operations to the model's graph, whose status may
// then be a failure.
std::unique_ptr<Strategy> MakeStrategy(const StrategyContext& context);

}  // namespace trainyard::train

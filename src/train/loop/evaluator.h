// Evaluating checkpoints.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "records/event_writer.h"
#include "train/hooks/hook_list.h"
#include "train/input.h"
#include "train/model_graph.h"
#include "train/run_config.h"

namespace trainyard::train {

struct EvalResult {
  int64_t global_step = 0;
  std::map<std::string, double>
      metrics;  // the model's, and "loss": the mean of the batches' losses
};

// Builds the evaluation graph once and evaluates any number of checkpoints with it, in this process
// (no parameter server is needed). Results go to event files below the model directory, tags and
// order as Estimator writes them. Thread-compatible.
class Evaluator {
 public:
  struct Options {
    std::string name;              // results go to eval/ or eval_<name>/
    std::optional<int64_t> steps;  // batches; none: until the data ends
    // Called around the batches of each evaluation; Begin once.
    std::vector<std::shared_ptr<TrainingHook>> hooks;
  };
  static Result<std::unique_ptr<Evaluator>> Create(const ModelFn& model_fn,
                                                   std::shared_ptr<const Input> input,
                                                   const RunConfig& config, Options options);

  // Restores the checkpoint `prefix`, draws the data and returns the metrics. NotFound or DataLoss
  // if the checkpoint is gone (the trainer deletes old ones) or damaged.
  Result<EvalResult> Evaluate(const std::string& prefix);

 private:
  Evaluator() = default;
  Result<EvalResult> Accumulate();
  Status WriteEvents(const EvalResult& result, const std::string& prefix);

  Options options_;
  std::shared_ptr<const Input> input_;
  std::string directory_;
  RunConfig config_;
  HookList hooks_;
  std::unique_ptr<ModelGraph> model_;
  std::unique_ptr<tf::Session> session_;
  std::unique_ptr<records::EventWriter> events_;  // made with the first result
};

// "accuracy = 0.991, global_step = 1200, loss = 0.03": the metrics with the step, sorted by name.
std::string FormatEvalResult(const EvalResult& result);

}  // namespace trainyard::train

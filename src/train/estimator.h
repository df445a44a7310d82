// A model with its configuration: what trains, evaluates and exports.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/status.h"
#include "train/exports/serving_input.h"
#include "train/input.h"
#include "train/loop/evaluator.h"
#include "train/loop/trainer.h"
#include "train/model_spec.h"
#include "train/predictor.h"
#include "train/run_config.h"

namespace trainyard::train {

// As tf.estimator.Estimator, for one process. For all roles of a cluster use TrainAndEvaluate.
// A value; copies are cheap. Thread-compatible.
//
//   RunConfig config{.model_dir = "out/model"};
//   RETURN_IF_ERROR(config.ReadEnvironment());
//   Estimator estimator(MyModel, config);
//   RETURN_IF_ERROR(estimator.Train(train_images, {.max_steps = 1200}).status());
//   ASSIGN_OR_RETURN(EvalResult result, estimator.Evaluate(test_images));
//   ASSIGN_OR_RETURN(std::string dir, estimator.ExportSavedModel("out/export", serving_input));
class Estimator {
 public:
  // `config` has read its environment.
  Estimator(ModelFn model_fn, RunConfig config)
      : model_fn_(std::move(model_fn)), config_(std::move(config)) {}

  const RunConfig& config() const { return config_; }
  const ModelFn& model_fn() const { return model_fn_; }

  // Trains until the job has made `max_steps` steps, or the data ends. Returns at once, and writes
  // nothing, if the newest checkpoint is there already. Refused for parameter servers and
  // evaluators.
  Result<TrainResult> Train(std::shared_ptr<const Input> input, TrainOptions options) const;

  // Evaluates the newest checkpoint (or `checkpoint`, a prefix), `options.steps` batches of it.
  // NotFound if the model is not trained yet.
  Result<EvalResult> Evaluate(std::shared_ptr<const Input> input, Evaluator::Options options = {},
                              const std::string& checkpoint = "") const;

  // What the newest checkpoint (or `options.checkpoint`) predicts for each example of the input, in
  // its order. NotFound if the model is not trained yet.
  Result<std::unique_ptr<Predictor>> Predict(std::shared_ptr<const Input> input,
                                             const PredictOptions& options = {}) const;

  // Exports the newest checkpoint (or `checkpoint`) to a new version below `export_base` and
  // returns its directory; see ExportModel.
  Result<std::string> ExportSavedModel(const std::string& export_base, ServingInput serving_input,
                                       const std::string& checkpoint = "") const;

 private:
  Result<std::string> CheckpointOr(const std::string& checkpoint, const char* purpose) const;

  ModelFn model_fn_;
  RunConfig config_;
};

}  // namespace trainyard::train

// What a model function returns, and the model function itself.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tf/graph.h"
#include "train/exports/export_output.h"
#include "train/hooks/training_hook.h"
#include "train/metric.h"
#include "train/model_builder.h"

namespace trainyard::train {

// As tf.estimator.EstimatorSpec: what the mode at hand needs must be set, the rest is ignored.
//
//   mode      needs
//   kTrain    loss, train_op
//   kEval     loss; metrics as wished ("loss" and "global_step" are added, and reserved)
//   kPredict  predictions
struct ModelSpec {
  tf::Output loss;  // float scalar, the mean over the batch
  tf::Operation train_op =
      nullptr;  // one update; increments the global step (optimizers' Minimize)
  std::map<std::string, Metric> metrics;
  // By output name; these are the outputs of the exported signatures.
  std::map<std::string, tf::Output> predictions;
  // By signature name, for kPredict. Empty: `predict` and `serving_default`, both with the
  // predictions. One under another name is also `serving_default`; of several, one must be called
  // so.
  std::map<std::string, ExportOutput> export_outputs;
  // Hooks that belong to the model itself, called after the ones given to Train (Evaluate).
  std::vector<std::shared_ptr<TrainingHook>> training_hooks;
  std::vector<std::shared_ptr<TrainingHook>> evaluation_hooks;
};

using Features = std::map<std::string, tf::Output>;

// Builds the network for model.mode(). `labels` is none in kPredict. Called once per graph; must
// build the same variables in the same order in every mode and on every replica.
using ModelFn = std::function<ModelSpec(ModelBuilder& model, const Features& features,
                                        const tf::Output& labels)>;

}  // namespace trainyard::train

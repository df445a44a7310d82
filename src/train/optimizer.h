// How a training step changes the variables.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "train/gradient.h"
#include "train/model_builder.h"
#include "train/schedules.h"

namespace trainyard::train {

// A rule for updating variables. Implementations are immutable values, so one optimizer may serve
// any number of graphs and threads.
class Optimizer {
 public:
  explicit Optimizer(Schedule learning_rate) : learning_rate_(std::move(learning_rate)) {}
  virtual ~Optimizer() = default;

  const Schedule& learning_rate() const { return learning_rate_; }

  // Adds slots and one update per gradient's variable, on the variable's device. The variables are
  // what is stored: each part of a split variable has a gradient of its own, in order; returns all
  // operations that have to run. `rate` is this step's learning rate. Every update must depend on
  // its gradient, by value or by a control dependency. Failures stay in the graph's status.
  virtual std::vector<tf::Operation> Apply(ModelBuilder& model, const tf::Output& rate,
                                           std::span<const Gradient> gradients) const = 0;

 private:
  Schedule learning_rate_;
};

// What happens around the optimizer's rule, whichever it is. Everything is off by default. A step
// goes: accumulate, clip, decay the weights, update, move the averages. (The names and the order
// are those of tf.keras.optimizers.Optimizer.)
struct MinimizeOptions {
  // At most one of the three.
  double clip_value = 0;        // every element of a gradient into [-clip_value, clip_value]
  double clip_norm = 0;         // every variable's gradient to this L2 norm, if its own is larger
  double clip_global_norm = 0;  // all gradients by one factor, so that their joint norm is at most
                                // this; not-a-number everywhere if a gradient is not finite

  // One update for every so many runs of the training operation, with the mean of their gradients:
  // a batch as large as these micro-batches together, in the memory of one. The global step counts
  // updates; the model's own updates (moving statistics) happen in every run. Sums live with the
  // replica that computes them and are not in checkpoints: a run that is interrupted within a group
  // of micro-batches begins the group anew. Sparse gradients are summed as dense ones. By
  // all-reduce each micro-batch's gradients are exchanged. Not together with
  // RunConfig::replicas_to_aggregate.
  int64_t gradient_accumulation_steps = 1;

  // Before the update each variable shrinks by its value * learning rate * weight_decay ("decoupled
  // weight decay", arXiv:1711.05101); not those whose names contain one of the texts listed, such
  // as "bias" or "batch_normalization".
  double weight_decay = 0;
  std::vector<std::string> exclude_from_weight_decay = {};

  // Keeps for every trainable variable the slot "<variable>/ExponentialMovingAverage", which begins
  // with the variable's first value and after each update becomes
  //   decay * average + (1 - decay) * variable.
  // As tf.train.ExponentialMovingAverage. ModelBuilder::UseMovingAverages() evaluates and exports a
  // model with them. Usual: 0.99 to 0.9999; must be below 1.
  double moving_average_decay = 0;
  // Uses min(decay, (1 + n) / (10 + n)) after n updates, so that the averages of a short training
  // are not dominated by the first values (num_updates = global step in TensorFlow).
  bool moving_average_warm_up = false;
};

// The training operation: one step down the gradient of `loss` for every trainable variable, with
// the model's updates, then global_step + 1. Adds the scalar summaries `loss` and `learning_rate`.
// Call last, when all variables and updates exist. nullptr if the graph has failed, for example
// because the loss does not depend on some trainable variable or an option makes no sense.
//
//   spec.train_op = Minimize(model, spec.loss, Adam({.learning_rate = 0.001}));
//   spec.train_op = Minimize(model, spec.loss, Momentum({.learning_rate = 0.1}),
//                            {.clip_global_norm = 1, .weight_decay = 1e-4});
tf::Operation Minimize(ModelBuilder& model, const tf::Output& loss, const Optimizer& optimizer,
                       const MinimizeOptions& options = {});

}  // namespace trainyard::train

// How a training step changes the variables.
#pragma once

#include <span>
#include <vector>

#include "train/model_builder.h"
#include "train/schedules.h"

namespace trainyard::train {

struct Gradient {
  tf::Output value;  // d loss / d variable, on the compute device
  const Variable* variable;
};

// A rule for updating variables. Implementations are immutable values, so one optimizer may serve
// any number of graphs and threads.
class Optimizer {
 public:
  explicit Optimizer(Schedule learning_rate) : learning_rate_(std::move(learning_rate)) {}
  virtual ~Optimizer() = default;

  const Schedule& learning_rate() const { return learning_rate_; }

  // Adds slots and one update per variable, on the variable's device; returns all operations that
  // have to run. `rate` is this step's learning rate. Failures stay in the graph's status.
  virtual std::vector<tf::Operation> Apply(ModelBuilder& model, const tf::Output& rate,
                                           std::span<const Gradient> gradients) const = 0;

 private:
  Schedule learning_rate_;
};

// The training operation: one step down the gradient of `loss` for every trainable variable, with
// the model's updates, then global_step + 1. Adds the scalar summaries `loss` and `learning_rate`.
// Call last, when all variables and updates exist. nullptr if the graph has failed, for example
// because the loss does not depend on some trainable variable.
//
//   spec.train_op = Minimize(model, spec.loss, Adam({.learning_rate = 0.001}));
tf::Operation Minimize(ModelBuilder& model, const tf::Output& loss, const Optimizer& optimizer);

}  // namespace trainyard::train

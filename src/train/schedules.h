// Learning rates: constant, or a function of the global step.
#pragma once

#include <functional>

#include "tf/graph.h"

namespace trainyard::train {

// Adds the operations that compute the rate (float scalar) from `step` (the global step as float).
// A plain number is a constant rate: `Adam({.learning_rate = 0.001})`.
class Schedule {
 public:
  using Function = std::function<tf::Output(const tf::Scope& scope, const tf::Output& step)>;
  Schedule(double constant);  // NOLINT(google-explicit-constructor)
  explicit Schedule(Function function) : function_(std::move(function)) {}

  tf::Output operator()(const tf::Scope& scope, const tf::Output& step) const {
    return function_(scope, step);
  }

 private:
  Function function_;
};

// rate * decay_rate ^ (step / decay_steps); with `staircase` the exponent is rounded down.
Schedule ExponentialDecay(double rate, int64_t decay_steps, double decay_rate,
                          bool staircase = false);

// From `rate` down to rate * alpha along half a cosine wave, over decay_steps, and stays there.
// Before that, `warmup_steps` rise evenly from near 0 to `rate`.
Schedule CosineDecay(double rate, int64_t decay_steps, double alpha = 0, int64_t warmup_steps = 0);

// From `rate` to `end_rate` over decay_steps, then stays: end + (rate - end) * (1 -
// progress)^power.
Schedule PolynomialDecay(double rate, int64_t decay_steps, double end_rate = 0.0001,
                         double power = 1);

}  // namespace trainyard::train

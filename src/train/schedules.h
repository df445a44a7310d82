// Learning rates: constant, or a function of the global step.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

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

// Where a schedule's numbers make no sense (no steps to decay over, lists that do not match), the
// graph fails with a line that names the schedule. Values are those of the function of the same
// name in tf.compat.v1.train or tf.keras.optimizers.schedules, to float32 rounding; the step is a
// float, as there, and so exact up to 16,777,216.

// rates[0] up to and including step boundaries[0], then rates[1] up to boundaries[1], ... One rate
// more than boundaries, which rise. As piecewise_constant.
Schedule PiecewiseConstant(std::vector<int64_t> boundaries, std::vector<double> rates);

// rate * decay_rate ^ (step / decay_steps); with `staircase` the exponent is rounded down.
Schedule ExponentialDecay(double rate, int64_t decay_steps, double decay_rate,
                          bool staircase = false);

// rate / (1 + decay_rate * step / decay_steps); with `staircase` the quotient is rounded down.
Schedule InverseTimeDecay(double rate, int64_t decay_steps, double decay_rate,
                          bool staircase = false);

// From `rate` down to rate * alpha along half a cosine wave, over decay_steps, and stays there.
// Before that, `warmup_steps` rise evenly from near 0 to `rate`: the first step is
// rate / warmup_steps. (Keras's warm-up begins with a step that learns nothing: WarmUp.)
Schedule CosineDecay(double rate, int64_t decay_steps, double alpha = 0, int64_t warmup_steps = 0);

struct CosineRestartsOptions {
  double t_mul = 2;  // each period is so many times as long as the one before; at least 1
  double m_mul = 1;  // and begins with so many times its rate
  double alpha = 0;  // the lowest rate, as a share of `rate`
};

// Cosine decay that begins anew after first_decay_steps, and again (arXiv:1608.03983). As
// CosineDecayRestarts.
Schedule CosineDecayRestarts(double rate, int64_t first_decay_steps,
                             const CosineRestartsOptions& options = {});

// From `rate` to `end_rate` over decay_steps: end + (rate - end) * (1 - progress)^power. Then stays
// there, or with `cycle` decays again from the rate of the beginning, now over twice, three times,
// ... as many steps since step 0.
Schedule PolynomialDecay(double rate, int64_t decay_steps, double end_rate = 0.0001,
                         double power = 1, bool cycle = false);

// `first` rising in a straight line to the first rate of `after`, over `steps`; then `after`, whose
// own step 0 is the end of the warm-up. Around CosineDecay this is the warm-up of
// tf.keras.optimizers.schedules.CosineDecay (initial_learning_rate = first).
//
//   Adam({.learning_rate = WarmUp(PolynomialDecay(0.001, 90'000, 0), 10'000)})
Schedule WarmUp(Schedule after, int64_t steps, double first = 0);

}  // namespace trainyard::train

// Gradient descent with momentum.
#pragma once

#include "train/optimizer.h"

namespace trainyard::train {

struct MomentumOptions {
  Schedule learning_rate = 0.01;
  float momentum = 0.9f;  // at least 0, below 1
  bool use_nesterov = false;
};

// accumulator = momentum * accumulator + gradient;  variable -= rate * accumulator, or with
// use_nesterov variable -= rate * (gradient + momentum * accumulator).
//
// The accumulator is the slot "<variable>/Momentum", as in tf.compat.v1.train.MomentumOptimizer. A
// sparse gradient changes the accumulators of its own rows alone.
class Momentum : public Optimizer {
 public:
  explicit Momentum(const MomentumOptions& options);
  std::vector<tf::Operation> Apply(ModelBuilder& model, const tf::Output& rate,
                                   std::span<const Gradient> gradients) const override;

 private:
  MomentumOptions options_;
};

}  // namespace trainyard::train

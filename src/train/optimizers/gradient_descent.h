// Plain gradient descent.
#pragma once

#include "train/optimizer.h"

namespace trainyard::train {

struct GradientDescentOptions {
  Schedule learning_rate = 0.01;
};

// variable -= rate * gradient. No slots. As tf.compat.v1.train.GradientDescentOptimizer.
class GradientDescent : public Optimizer {
 public:
  explicit GradientDescent(const GradientDescentOptions& options);
  std::vector<tf::Operation> Apply(ModelBuilder& model, const tf::Output& rate,
                                   std::span<const Gradient> gradients) const override;
};

}  // namespace trainyard::train

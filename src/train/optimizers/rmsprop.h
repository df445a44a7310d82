// RMSProp (Hinton 2012), plain, with momentum, or centered (arXiv:1308.0850).
#pragma once

#include "train/optimizer.h"

namespace trainyard::train {

struct RMSPropOptions {
  Schedule learning_rate = 0.001;
  float decay = 0.9f;
  float momentum = 0;
  float epsilon = 1e-10f;
  bool centered = false;  // divides by the estimated standard deviation of the gradient
};

// rms = decay * rms + (1 - decay) * g^2;  centered: mg = decay * mg + (1 - decay) * g
// mom = momentum * mom + rate * g / sqrt(rms - mg^2 + epsilon)   (mg = 0 if not centered)
// variable -= mom
//
// Slots as in tf.compat.v1.train.RMSPropOptimizer: rms "<variable>/RMSProp" (begins with ones); mom
// "<variable>/RMSProp_1"; if centered, mg "<variable>/RMSProp_1" and mom "<variable>/RMSProp_2". A
// sparse gradient changes the rows that were read and their slots alone.
class RMSProp : public Optimizer {
 public:
  explicit RMSProp(const RMSPropOptions& options);
  std::vector<tf::Operation> Apply(ModelBuilder& model, const tf::Output& rate,
                                   std::span<const Gradient> gradients) const override;

 private:
  RMSPropOptions options_;
};

}  // namespace trainyard::train

// LAMB: Adam with a rate per variable, for large batches (arXiv:1904.00962).
#pragma once

#include "train/optimizer.h"

namespace trainyard::train {

struct LAMBOptions {
  Schedule learning_rate = 0.001;
  float beta1 = 0.9f;
  float beta2 = 0.999f;
  float epsilon = 1e-7f;
  double weight_decay = 0;  // at least 0; the paper's is 0.01
  // Variables whose names contain one of these do not decay ...
  std::vector<std::string> exclude_from_weight_decay = {};
  // ... or are updated without the ratio of norms.
  std::vector<std::string> exclude_from_layer_adaptation = {};
};

// m and v as Adam's;  u = (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
//                          + weight_decay * variable;
// variable -= rate * ratio * u,  where ratio = |variable| / |u|, or 1 where either norm is 0.
//
// tf.keras.optimizers.Lamb has the same rule, without the paper's weight decay. The slots are
// "<variable>/LAMB" (m) and "<variable>/LAMB_1" (v), and "beta1_power" and "beta2_power" as Adam's.
// Sparse gradients count as dense ones with zeros.
class LAMB : public Optimizer {
 public:
  explicit LAMB(const LAMBOptions& options);
  std::vector<tf::Operation> Apply(ModelBuilder& model, const tf::Output& rate,
                                   std::span<const Gradient> gradients) const override;

 private:
  LAMBOptions options_;
};

}  // namespace trainyard::train

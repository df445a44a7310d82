// Follow the regularised leader (McMahan et al. 2013, "Ad click prediction").
#pragma once

#include "train/optimizer.h"

namespace trainyard::train {

struct FtrlOptions {
  Schedule learning_rate = 0.001;
  float learning_rate_power = -0.5f;       // at most 0; 0 for a fixed rate
  float initial_accumulator_value = 0.1f;  // at least 0
  float l1_regularization_strength = 0;    // makes weights exactly 0
  float l2_regularization_strength = 0;
  float l2_shrinkage_regularization_strength =
      0;           // a penalty on the weights' size, by the gradient
  float beta = 0;  // of the paper
};

// As tf.compat.v1.train.FtrlOptimizer: the accumulator of squared gradients is the slot
// "<variable>/Ftrl", the linear term "<variable>/Ftrl_1". For wide models with many rare features;
// a sparse gradient changes only its own rows.
class Ftrl : public Optimizer {
 public:
  explicit Ftrl(const FtrlOptions& options);
  std::vector<tf::Operation> Apply(ModelBuilder& model, const tf::Output& rate,
                                   std::span<const Gradient> gradients) const override;

 private:
  FtrlOptions options_;
};

}  // namespace trainyard::train

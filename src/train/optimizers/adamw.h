// Adam with decoupled weight decay (arXiv:1711.05101).
#pragma once

#include "train/optimizer.h"

namespace trainyard::train {

struct AdamWOptions {
  Schedule learning_rate = 0.001;
  double weight_decay = 0.004;  // at least 0
  float beta1 = 0.9f;
  float beta2 = 0.999f;
  float epsilon = 1e-7f;
  // Variables whose names contain one of these do not decay: {"bias", "batch_normalization"}.
  std::vector<std::string> exclude_from_weight_decay = {};
};

// variable -= variable * rate * weight_decay, then Adam's rule. Defaults and order are those of
// tf.keras.optimizers.AdamW; the slots are Adam's, so that a checkpoint of either continues with
// the other.
class AdamW : public Optimizer {
 public:
  explicit AdamW(const AdamWOptions& options);
  std::vector<tf::Operation> Apply(ModelBuilder& model, const tf::Output& rate,
                                   std::span<const Gradient> gradients) const override;

 private:
  AdamWOptions options_;
};

}  // namespace trainyard::train

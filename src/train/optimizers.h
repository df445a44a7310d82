// The optimizers, with TensorFlow's rules, defaults and slot names.
#pragma once

#include "train/optimizer.h"

namespace trainyard::train {

struct GradientDescentOptions {
  Schedule learning_rate = 0.01;
};

// variable -= rate * gradient
class GradientDescent : public Optimizer {
 public:
  explicit GradientDescent(const GradientDescentOptions& options);
  std::vector<tf::Operation> Apply(ModelBuilder& model, const tf::Output& rate,
                                   std::span<const Gradient> gradients) const override;
};

struct MomentumOptions {
  Schedule learning_rate = 0.01;
  float momentum = 0.9f;
  bool use_nesterov = false;
};

// accumulator = momentum * accumulator + gradient;  variable -= rate * accumulator. The accumulator
// is the slot "<variable>/Momentum".
class Momentum : public Optimizer {
 public:
  explicit Momentum(const MomentumOptions& options);
  std::vector<tf::Operation> Apply(ModelBuilder& model, const tf::Output& rate,
                                   std::span<const Gradient> gradients) const override;

 private:
  MomentumOptions options_;
};

struct AdamOptions {
  Schedule learning_rate = 0.001;
  float beta1 = 0.9f;
  float beta2 = 0.999f;
  float epsilon = 1e-8f;
};

// m = beta1 * m + (1 - beta1) * g;  v = beta2 * v + (1 - beta2) * g^2;
// variable -= rate * sqrt(1 - beta2^t) / (1 - beta1^t) * m / (sqrt(v) + epsilon)
//
// m and v are the slots "<variable>/Adam" and "<variable>/Adam_1"; beta1^t and beta2^t are the
// variables "beta1_power" and "beta2_power", multiplied once per step, after all updates.
class Adam : public Optimizer {
 public:
  explicit Adam(const AdamOptions& options);
  std::vector<tf::Operation> Apply(ModelBuilder& model, const tf::Output& rate,
                                   std::span<const Gradient> gradients) const override;

 private:
  AdamOptions options_;
};

}  // namespace trainyard::train

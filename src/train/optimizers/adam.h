// Adam (arXiv:1412.6980).
#pragma once

#include "train/optimizer.h"

namespace trainyard::train {

struct AdamOptions {
  Schedule learning_rate = 0.001;
  float beta1 = 0.9f;
  float beta2 = 0.999f;
  float epsilon = 1e-8f;
  // For large embeddings: a sparse gradient changes its own rows and their moments alone, as
  // tfa.optimizers.LazyAdam. Not the same numbers: rows that are rarely read keep their moments.
  bool lazy = false;
};

// m = beta1 * m + (1 - beta1) * g;  v = beta2 * v + (1 - beta2) * g^2;
// variable -= rate * sqrt(1 - beta2^t) / (1 - beta1^t) * m / (sqrt(v) + epsilon)
//
// m and v are the slots "<variable>/Adam" and "<variable>/Adam_1"; beta1^t and beta2^t are the
// variables "beta1_power" and "beta2_power", multiplied once per step, after all updates: names and
// rule of tf.compat.v1.train.AdamOptimizer.
//
// Unless `lazy`, a sparse gradient stands for a dense one with zeros, as in TensorFlow: the moments
// of all rows decay, and all rows move, so that a step costs a pass over the whole table (for
// 200,000 rows of 64 numbers, 31 ms where Adagrad takes 1 ms).
class Adam : public Optimizer {
 public:
  explicit Adam(const AdamOptions& options);
  std::vector<tf::Operation> Apply(ModelBuilder& model, const tf::Output& rate,
                                   std::span<const Gradient> gradients) const override;

 private:
  AdamOptions options_;
};

}  // namespace trainyard::train

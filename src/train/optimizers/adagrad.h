// Adagrad (Duchi et al. 2011): rates that shrink with the gradients already seen.
#pragma once

#include "train/optimizer.h"

namespace trainyard::train {

struct AdagradOptions {
  Schedule learning_rate = 0.001;
  float initial_accumulator_value = 0.1f;  // above 0
};

// accumulator += g^2;  variable -= rate * g / sqrt(accumulator)
//
// The accumulator is the slot "<variable>/Adagrad", as in tf.compat.v1.train.AdagradOptimizer. A
// sparse gradient changes only its own rows, exactly as a dense one with zeros would: the usual
// choice for large embeddings.
class Adagrad : public Optimizer {
 public:
  explicit Adagrad(const AdagradOptions& options);
  std::vector<tf::Operation> Apply(ModelBuilder& model, const tf::Output& rate,
                                   std::span<const Gradient> gradients) const override;

 private:
  AdagradOptions options_;
};

}  // namespace trainyard::train

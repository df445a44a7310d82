#include "train/optimizers/adamw.h"

#include "train/internal/update.h"
#include "train/optimizers/adam.h"

namespace trainyard::train {

AdamW::AdamW(const AdamWOptions& options) : Optimizer(options.learning_rate), options_(options) {}

std::vector<tf::Operation> AdamW::Apply(ModelBuilder& model, const tf::Output& rate,
                                        std::span<const Gradient> gradients) const {
  if (!internal::CheckOption(model, "AdamW", "weight_decay", options_.weight_decay,
                             options_.weight_decay >= 0, "at least 0")) {
    return {};
  }
  const std::vector<Gradient> after_decay = internal::DecayWeights(
      model, rate, gradients, options_.weight_decay, options_.exclude_from_weight_decay);
  return Adam({.learning_rate = options_.learning_rate,
               .beta1 = options_.beta1,
               .beta2 = options_.beta2,
               .epsilon = options_.epsilon})
      .Apply(model, rate, after_decay);
}

}  // namespace trainyard::train

#include "train/optimizers/adagrad.h"

#include "train/initializers.h"
#include "train/internal/update.h"

namespace trainyard::train {

Adagrad::Adagrad(const AdagradOptions& options)
    : Optimizer(options.learning_rate), options_(options) {}

std::vector<tf::Operation> Adagrad::Apply(ModelBuilder& model, const tf::Output& rate,
                                          std::span<const Gradient> gradients) const {
  const float first = options_.initial_accumulator_value;
  if (!internal::CheckOption(model, "Adagrad", "initial_accumulator_value", first, first > 0,
                             "above 0")) {
    return {};
  }
  std::vector<tf::Operation> updates;
  for (const Gradient& gradient : gradients) {
    const Variable& variable = *gradient.variable;
    const Variable& accumulator =
        model.AddSlot(variable, "Adagrad", variable.shape, Constant(first));
    updates.push_back(internal::FusedUpdate(internal::UpdateScope(model, variable),
                                            "ResourceApplyAdagrad", "ResourceSparseApplyAdagrad",
                                            gradient, {variable.handle, accumulator.handle, rate}));
  }
  return updates;
}

}  // namespace trainyard::train

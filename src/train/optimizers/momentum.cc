#include "train/optimizers/momentum.h"

#include "train/initializers.h"
#include "train/internal/arithmetic.h"
#include "train/internal/update.h"

namespace trainyard::train {

Momentum::Momentum(const MomentumOptions& options)
    : Optimizer(options.learning_rate), options_(options) {}

std::vector<tf::Operation> Momentum::Apply(ModelBuilder& model, const tf::Output& rate,
                                           std::span<const Gradient> gradients) const {
  if (!internal::CheckOption(model, "Momentum", "momentum", options_.momentum,
                             options_.momentum >= 0 && options_.momentum < 1,
                             "at least 0 and below 1")) {
    return {};
  }
  std::vector<tf::Operation> updates;
  for (const Gradient& gradient : gradients) {
    const Variable& variable = *gradient.variable;
    const Variable& accumulator = model.AddSlot(variable, "Momentum", variable.shape, Zeros());
    const tf::Scope scope = internal::UpdateScope(model, variable);
    updates.push_back(internal::FusedUpdate(
        scope, "ResourceApplyMomentum", "ResourceSparseApplyMomentum", gradient,
        {variable.handle, accumulator.handle, rate}, {internal::Number(scope, options_.momentum)},
        {{"use_nesterov", options_.use_nesterov}}));
  }
  return updates;
}

}  // namespace trainyard::train

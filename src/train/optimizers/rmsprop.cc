#include "train/optimizers/rmsprop.h"

#include "train/initializers.h"
#include "train/internal/arithmetic.h"
#include "train/internal/update.h"

namespace trainyard::train {

RMSProp::RMSProp(const RMSPropOptions& options)
    : Optimizer(options.learning_rate), options_(options) {}

std::vector<tf::Operation> RMSProp::Apply(ModelBuilder& model, const tf::Output& rate,
                                          std::span<const Gradient> gradients) const {
  std::vector<tf::Operation> updates;
  for (const Gradient& gradient : gradients) {
    const Variable& variable = *gradient.variable;
    const tf::Scope scope = internal::UpdateScope(model, variable);
    const Variable& rms = model.AddSlot(variable, "RMSProp", variable.shape, Ones());
    std::vector<tf::Output> before = {variable.handle};
    if (options_.centered) {
      before.push_back(model.AddSlot(variable, "RMSProp_1", variable.shape, Zeros()).handle);
    }
    const Variable& momentum = model.AddSlot(
        variable, options_.centered ? "RMSProp_2" : "RMSProp_1", variable.shape, Zeros());
    const tf::Output numbers[] = {internal::Number(scope, options_.decay),
                                  internal::Number(scope, options_.momentum),
                                  internal::Number(scope, options_.epsilon)};
    before.insert(before.end(), {rms.handle, momentum.handle, rate});
    before.insert(before.end(), std::begin(numbers), std::end(numbers));
    updates.push_back(options_.centered
                          ? internal::FusedUpdate(scope, "ResourceApplyCenteredRMSProp",
                                                  "ResourceSparseApplyCenteredRMSProp", gradient,
                                                  before)
                          : internal::FusedUpdate(scope, "ResourceApplyRMSProp",
                                                  "ResourceSparseApplyRMSProp", gradient, before));
  }
  return updates;
}

}  // namespace trainyard::train

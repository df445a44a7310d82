#include "train/optimizers/gradient_descent.h"

#include "tf/ops.h"
#include "train/internal/update.h"

namespace trainyard::train {

GradientDescent::GradientDescent(const GradientDescentOptions& options)
    : Optimizer(options.learning_rate) {}

std::vector<tf::Operation> GradientDescent::Apply(ModelBuilder& model, const tf::Output& rate,
                                                  std::span<const Gradient> gradients) const {
  std::vector<tf::Operation> updates;
  for (const Gradient& gradient : gradients) {
    const Variable& variable = *gradient.variable;
    const tf::Scope scope = internal::UpdateScope(model, variable);
    if (gradient.is_sparse()) {
      updates.push_back(scope.Op("ResourceScatterSub")
                            .In(variable.handle)
                            .In(gradient.indices)
                            .In(tf::Mul(scope, gradient.value, rate))
                            .Type("dtype", variable.dtype)
                            .Finish());
    } else {
      updates.push_back(scope.Op("ResourceApplyGradientDescent")
                            .In(variable.handle)
                            .In(rate)
                            .In(gradient.value)
                            .Bool("use_locking", internal::kLocking)
                            .Finish());
    }
  }
  return updates;
}

}  // namespace trainyard::train

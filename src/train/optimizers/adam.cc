#include "train/optimizers/adam.h"

#include "tf/ops.h"
#include "train/initializers.h"
#include "train/internal/update.h"

namespace trainyard::train {

Adam::Adam(const AdamOptions& options) : Optimizer(options.learning_rate), options_(options) {}

std::vector<tf::Operation> Adam::Apply(ModelBuilder& model, const tf::Output& rate,
                                       std::span<const Gradient> gradients) const {
  if (gradients.empty()) return {};
  const internal::BetaPowers powers =
      internal::AddBetaPowers(model, *gradients.front().variable, options_.beta1, options_.beta2);
  std::vector<tf::Operation> updates;
  for (const Gradient& gradient : gradients) {
    const Variable& variable = *gradient.variable;
    const Variable& m = model.AddSlot(variable, "Adam", variable.shape, Zeros());
    const Variable& v = model.AddSlot(variable, "Adam_1", variable.shape, Zeros());
    const tf::Scope scope = internal::UpdateScope(model, variable);
    updates.push_back(scope.Op("ResourceApplyAdam")
                          .In(variable.handle)
                          .In(m.handle)
                          .In(v.handle)
                          .In(powers.beta1->value)
                          .In(powers.beta2->value)
                          .In(rate)
                          .In(tf::Const(scope, options_.beta1))
                          .In(tf::Const(scope, options_.beta2))
                          .In(tf::Const(scope, options_.epsilon))
                          .In(DenseGradient(scope, gradient))
                          .Bool("use_locking", internal::kLocking)
                          .Finish());
  }
  internal::MultiplyBetaPowers(model, powers, options_.beta1, options_.beta2, &updates);
  return updates;
}

}  // namespace trainyard::train

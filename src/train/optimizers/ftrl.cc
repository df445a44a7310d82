#include "train/optimizers/ftrl.h"

#include "train/initializers.h"
#include "train/internal/arithmetic.h"
#include "train/internal/update.h"

namespace trainyard::train {
namespace {

bool CheckOptions(ModelBuilder& model, const FtrlOptions& options) {
  const std::pair<const char*, float> not_negative[] = {
      {"initial_accumulator_value", options.initial_accumulator_value},
      {"l1_regularization_strength", options.l1_regularization_strength},
      {"l2_regularization_strength", options.l2_regularization_strength},
      {"l2_shrinkage_regularization_strength", options.l2_shrinkage_regularization_strength},
      {"beta", options.beta}};
  for (const auto& [name, value] : not_negative) {
    if (!internal::CheckOption(model, "Ftrl", name, value, value >= 0, "at least 0")) return false;
  }
  return internal::CheckOption(model, "Ftrl", "learning_rate_power", options.learning_rate_power,
                               options.learning_rate_power <= 0, "at most 0");
}

}  // namespace

Ftrl::Ftrl(const FtrlOptions& options) : Optimizer(options.learning_rate), options_(options) {}

std::vector<tf::Operation> Ftrl::Apply(ModelBuilder& model, const tf::Output& rate,
                                       std::span<const Gradient> gradients) const {
  if (!CheckOptions(model, options_)) return {};
  const bool shrinks = options_.l2_shrinkage_regularization_strength > 0;
  std::vector<tf::Operation> updates;
  for (const Gradient& gradient : gradients) {
    const Variable& variable = *gradient.variable;
    const tf::Scope scope = internal::UpdateScope(model, variable);
    const Variable& squares = model.AddSlot(variable, "Ftrl", variable.shape,
                                            Constant(options_.initial_accumulator_value));
    const Variable& linear = model.AddSlot(variable, "Ftrl_1", variable.shape, Zeros());
    // TensorFlow's kernels know no beta; it acts as more L2.
    tf::Output l2 = internal::Number(scope, options_.l2_regularization_strength);
    if (options_.beta > 0) {
      const tf::Output floor = internal::Maximum(scope, rate, internal::Number(scope, 1e-36));
      l2 = tf::Add(scope, l2,
                   internal::Divide(scope, internal::Number(scope, options_.beta / 2), floor));
    }
    std::vector<tf::Output> after = {
        rate, internal::Number(scope, options_.l1_regularization_strength), l2};
    if (shrinks) {
      after.push_back(internal::Number(scope, options_.l2_shrinkage_regularization_strength));
    }
    after.push_back(internal::Number(scope, options_.learning_rate_power));
    updates.push_back(
        internal::FusedUpdate(scope, shrinks ? "ResourceApplyFtrlV2" : "ResourceApplyFtrl",
                              shrinks ? "ResourceSparseApplyFtrlV2" : "ResourceSparseApplyFtrl",
                              gradient, {variable.handle, squares.handle, linear.handle}, after));
  }
  return updates;
}

}  // namespace trainyard::train

#include "train/optimizers/lamb.h"

#include "train/initializers.h"
#include "train/internal/arithmetic.h"
#include "train/internal/update.h"

namespace trainyard::train {
namespace {

using internal::Divide;
using internal::Number;
using internal::Scale;

struct Moments {
  const Variable& m;
  const Variable& v;
};

// moment += (seen - moment) * share, as an addition that replicas may do at the same time; returns
// the sum.
tf::Output Move(const tf::Scope& scope, const Variable& moment, const tf::Output& seen, float share,
                std::vector<tf::Operation>* updates) {
  const tf::Output change = Scale(scope, tf::Sub(scope, seen, moment.value), share);
  updates->push_back(scope.Op("AssignAddVariableOp").In(moment.handle).In(change).Finish());
  return tf::Add(scope, moment.value, change);
}

// moment / (1 - power)
tf::Output Unbiased(const tf::Scope& scope, const tf::Output& moment, const tf::Output& power) {
  return Divide(scope, moment, tf::Sub(scope, Number(scope, 1), power));
}

tf::Output Norm(const tf::Scope& scope, const tf::Output& x) {
  return internal::Unary(scope, "Sqrt", tf::Sum(scope, internal::Unary(scope, "Square", x)));
}

// |variable| / |update|, or 1 where either is 0.
tf::Output TrustRatio(const tf::Scope& scope, const tf::Output& variable,
                      const tf::Output& update) {
  const tf::Output one = Number(scope, 1);
  const tf::Output zero = Number(scope, 0);
  const tf::Output weight_norm = Norm(scope, variable);
  const tf::Output update_norm = Norm(scope, update);
  const tf::Output both =
      internal::Binary(scope, "LogicalAnd", internal::Binary(scope, "Greater", weight_norm, zero),
                       internal::Binary(scope, "Greater", update_norm, zero));
  return internal::Select(scope, both, Divide(scope, weight_norm, update_norm), one);
}

void AddUpdate(const tf::Scope& scope, const LAMBOptions& options, const Gradient& gradient,
               const Moments& moments, const internal::BetaPowers& powers, const tf::Output& rate,
               std::vector<tf::Operation>* updates) {
  const Variable& variable = *gradient.variable;
  const tf::Output g = DenseGradient(scope, gradient);
  const tf::Output m = Move(scope, moments.m, g, 1 - options.beta1, updates);
  const tf::Output v =
      Move(scope, moments.v, internal::Unary(scope, "Square", g), 1 - options.beta2, updates);
  const tf::Output root = internal::Unary(scope, "Sqrt", Unbiased(scope, v, powers.beta2->value));
  tf::Output update = Divide(scope, Unbiased(scope, m, powers.beta1->value),
                             internal::Plus(scope, root, options.epsilon));
  // Read after the gradient: what MinimizeOptions::weight_decay took away is gone by then.
  const tf::Output value = scope.Op("ReadVariableOp")
                               .In(variable.handle)
                               .Type("dtype", variable.dtype)
                               .Control(gradient.value.op)
                               .Out();
  if (options.weight_decay > 0 &&
      !internal::ContainsAny(variable.name, options.exclude_from_weight_decay)) {
    update = tf::Add(scope, update, Scale(scope, value, options.weight_decay));
  }
  tf::Output step = rate;
  if (!internal::ContainsAny(variable.name, options.exclude_from_layer_adaptation)) {
    step = tf::Mul(scope, rate, TrustRatio(scope, value, update));
  }
  updates->push_back(scope.Op("AssignSubVariableOp")
                         .In(variable.handle)
                         .In(tf::Mul(scope, update, step))
                         .Finish());
}

}  // namespace

LAMB::LAMB(const LAMBOptions& options) : Optimizer(options.learning_rate), options_(options) {}

std::vector<tf::Operation> LAMB::Apply(ModelBuilder& model, const tf::Output& rate,
                                       std::span<const Gradient> gradients) const {
  if (!internal::CheckOption(model, "LAMB", "weight_decay", options_.weight_decay,
                             options_.weight_decay >= 0, "at least 0") ||
      gradients.empty()) {
    return {};
  }
  const internal::BetaPowers powers =
      internal::AddBetaPowers(model, *gradients.front().variable, options_.beta1, options_.beta2);
  std::vector<tf::Operation> updates;
  for (const Gradient& gradient : gradients) {
    const Variable& variable = *gradient.variable;
    const Moments moments{.m = model.AddSlot(variable, "LAMB", variable.shape, Zeros()),
                          .v = model.AddSlot(variable, "LAMB_1", variable.shape, Zeros())};
    AddUpdate(internal::UpdateScope(model, variable), options_, gradient, moments, powers, rate,
              &updates);
  }
  internal::MultiplyBetaPowers(model, powers, options_.beta1, options_.beta2, &updates);
  return updates;
}

}  // namespace trainyard::train

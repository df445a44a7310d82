#include "train/optimizers/lamb.h"

#include "train/initializers.h"
#include "train/internal/arithmetic.h"
#include "train/internal/parts.h"
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

tf::Output SumOfSquares(const tf::Scope& scope, const tf::Output& x) {
  return tf::Sum(scope, internal::Unary(scope, "Square", x));
}

// |variable| / |update| of the sums of their squares, or 1 where either is 0.
tf::Output TrustRatio(const tf::Scope& scope, const tf::Output& variable,
                      const tf::Output& update) {
  const tf::Output one = Number(scope, 1);
  const tf::Output zero = Number(scope, 0);
  const tf::Output weight_norm = internal::Unary(scope, "Sqrt", variable);
  const tf::Output update_norm = internal::Unary(scope, "Sqrt", update);
  const tf::Output both =
      internal::Binary(scope, "LogicalAnd", internal::Binary(scope, "Greater", weight_norm, zero),
                       internal::Binary(scope, "Greater", update_norm, zero));
  return internal::Select(scope, both, Divide(scope, weight_norm, update_norm), one);
}

// A variable, and what its step is but for its size.
struct Direction {
  tf::Output value;
  tf::Output update;
};

Direction FindDirection(const tf::Scope& scope, const LAMBOptions& options,
                        const Gradient& gradient, const Moments& moments,
                        const internal::BetaPowers& powers, std::vector<tf::Operation>* updates) {
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
      !internal::ContainsAny(variable.saved_name(), options.exclude_from_weight_decay)) {
    update = tf::Add(scope, update, Scale(scope, value, options.weight_decay));
  }
  return {value, update};
}

// The ratio of each gradient's variable; parts have that of their whole.
std::vector<tf::Output> TrustRatios(ModelBuilder& model, std::span<const Gradient> gradients,
                                    const std::vector<Direction>& directions) {
  std::vector<tf::Output> values;
  std::vector<tf::Output> updates;
  for (size_t i = 0; i < gradients.size(); ++i) {
    const tf::Scope scope = internal::UpdateScope(model, *gradients[i].variable);
    values.push_back(SumOfSquares(scope, directions[i].value));
    updates.push_back(SumOfSquares(scope, directions[i].update));
  }
  const tf::Scope scope = model.scope().Inside("train").Inside("norms");
  values = internal::SumOverParts(scope, gradients, values);
  updates = internal::SumOverParts(scope, gradients, updates);
  std::vector<tf::Output> ratios;
  for (size_t i = 0; i < gradients.size(); ++i) {
    const tf::Scope of_variable = internal::UpdateScope(model, *gradients[i].variable);
    ratios.push_back(TrustRatio(of_variable, values[i], updates[i]));
  }
  return ratios;
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
  std::vector<Direction> directions;
  for (const Gradient& gradient : gradients) {
    const Variable& variable = *gradient.variable;
    const Moments moments{.m = model.AddSlot(variable, "LAMB", variable.shape, Zeros()),
                          .v = model.AddSlot(variable, "LAMB_1", variable.shape, Zeros())};
    directions.push_back(FindDirection(internal::UpdateScope(model, variable), options_, gradient,
                                       moments, powers, &updates));
  }
  const std::vector<tf::Output> ratios = TrustRatios(model, gradients, directions);
  for (size_t i = 0; i < gradients.size(); ++i) {
    const Variable& variable = *gradients[i].variable;
    const tf::Scope scope = internal::UpdateScope(model, variable);
    const bool adapts =
        !internal::ContainsAny(variable.saved_name(), options_.exclude_from_layer_adaptation);
    const tf::Output step = adapts ? tf::Mul(scope, rate, ratios[i]) : rate;
    updates.push_back(scope.Op("AssignSubVariableOp")
                          .In(variable.handle)
                          .In(tf::Mul(scope, directions[i].update, step))
                          .Finish());
  }
  internal::MultiplyBetaPowers(model, powers, options_.beta1, options_.beta2, &updates);
  return updates;
}

}  // namespace trainyard::train

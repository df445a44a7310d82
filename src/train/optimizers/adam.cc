#include "train/optimizers/adam.h"

#include "tf/ops.h"
#include "train/initializers.h"
#include "train/internal/arithmetic.h"
#include "train/internal/update.h"

namespace trainyard::train {
namespace {

using internal::Number;
using internal::Scale;

// rows[indices] += change, or -= for "ResourceScatterSub".
tf::Operation Scatter(const tf::Scope& scope, const char* type, const Variable& rows,
                      const tf::Output& indices, const tf::Output& change) {
  return scope.Op(type).In(rows.handle).In(indices).In(change).Type("dtype", rows.dtype).Finish();
}

// Moves the rows of a moment towards what was seen; returns them as they are then.
tf::Output MoveRows(const tf::Scope& scope, const Variable& moment, const tf::Output& indices,
                    const tf::Output& seen, float share, std::vector<tf::Operation>* updates) {
  const tf::Output rows =
      scope.Op("ResourceGather").In(moment.handle).In(indices).Type("dtype", moment.dtype).Out();
  const tf::Output change = Scale(scope, tf::Sub(scope, seen, rows), share);
  updates->push_back(Scatter(scope, "ResourceScatterAdd", moment, indices, change));
  return tf::Add(scope, rows, change);
}

// Adam's rule for the rows of a sparse gradient.
void UpdateRows(const tf::Scope& scope, const AdamOptions& options, const Gradient& gradient,
                const Variable& m, const Variable& v, const internal::BetaPowers& powers,
                const tf::Output& rate, std::vector<tf::Operation>* updates) {
  const tf::Output& g = gradient.value;
  const tf::Output mean = MoveRows(scope, m, gradient.indices, g, 1 - options.beta1, updates);
  const tf::Output square = MoveRows(
      scope, v, gradient.indices, internal::Unary(scope, "Square", g), 1 - options.beta2, updates);
  const auto missing = [&](const Variable* power) {
    return tf::Sub(scope, Number(scope, 1), power->value);
  };
  const tf::Output unbiased = internal::Divide(
      scope, internal::Unary(scope, "Sqrt", missing(powers.beta2)), missing(powers.beta1));
  const tf::Output root =
      internal::Plus(scope, internal::Unary(scope, "Sqrt", square), options.epsilon);
  const tf::Output step =
      internal::Divide(scope, tf::Mul(scope, tf::Mul(scope, rate, unbiased), mean), root);
  updates->push_back(
      Scatter(scope, "ResourceScatterSub", *gradient.variable, gradient.indices, step));
}

}  // namespace

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
    if (options_.lazy && gradient.is_sparse()) {
      UpdateRows(scope, options_, gradient, m, v, powers, rate, &updates);
      continue;
    }
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

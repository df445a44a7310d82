#include "train/gradient.h"

#include "tf/depends_on.h"
#include "tf/ops.h"
#include "train/internal/parts.h"

namespace trainyard::train {
namespace {

// The lookups of a variable that the loss depends on.
std::vector<SparseLookup> UsedLookups(const ModelBuilder& model, const Variable& variable,
                                      const tf::Output& loss) {
  std::vector<SparseLookup> used;
  for (const SparseLookup& lookup : model.lookups()) {
    if (lookup.variable == &variable && tf::DependsOn(loss, lookup.rows)) used.push_back(lookup);
  }
  return used;
}

// The gradients of the rows of all lookups as one, each row once.
Gradient SumOfRows(const tf::Scope& scope, const Variable& variable,
                   const std::vector<SparseLookup>& lookups,
                   const std::vector<tf::Output>& derivatives) {
  std::vector<int32_t> flat = {-1};
  for (size_t i = 1; i < variable.shape.size(); ++i) {
    flat.push_back(static_cast<int32_t>(variable.shape[i]));
  }
  std::vector<tf::Output> ids;
  std::vector<tf::Output> rows;
  for (size_t i = 0; i < lookups.size(); ++i) {
    ids.push_back(tf::Reshape(scope, tf::Cast(scope, lookups[i].ids, tf::DataType::kInt64), {-1}));
    rows.push_back(tf::Reshape(scope, derivatives[i], flat));
  }
  const tf::Operation unique = scope.Op("Unique").In(internal::ConcatRows(scope, ids)).Finish();
  if (unique == nullptr) return {{}, &variable, {}};
  const tf::Output distinct = {unique, 0};
  const tf::Output sums = scope.Op("UnsortedSegmentSum")
                              .In(internal::ConcatRows(scope, rows))
                              .In({unique, 1})
                              .In(scope.Op("Size").In(distinct).Out())
                              .Out();
  return {sums, &variable, distinct};
}

}  // namespace

std::vector<Gradient> ComputeGradients(ModelBuilder& model, const tf::Output& loss) {
  const std::vector<const Variable*>& variables = model.trainable_variables();
  std::vector<std::vector<SparseLookup>> lookups;
  std::vector<bool> is_dense;
  std::vector<tf::Output> points;
  for (const Variable* variable : variables) {
    lookups.push_back(UsedLookups(model, *variable, loss));
    // A variable that nothing uses counts as dense, and fails below by its name.
    is_dense.push_back(lookups.back().empty() || tf::DependsOn(loss, variable->value));
    if (is_dense.back()) points.push_back(variable->value);
    for (const SparseLookup& lookup : lookups.back()) points.push_back(lookup.rows);
  }
  const std::vector<tf::Output> derivatives = model.graph().AddGradients(loss, points);
  if (!model.graph().status().ok()) return {};

  const tf::Scope scope = model.scope().Inside("train");
  std::vector<Gradient> gradients;
  auto next = derivatives.begin();
  for (size_t i = 0; i < variables.size(); ++i) {
    Gradient gradient{.value = {}, .variable = variables[i], .indices = {}};
    if (is_dense[i]) gradient.value = *next++;
    if (!lookups[i].empty()) {
      const auto end = next + static_cast<std::ptrdiff_t>(lookups[i].size());
      const Gradient rows = SumOfRows(scope, *variables[i], lookups[i], {next, end});
      next = end;
      if (is_dense[i]) {
        gradient.value = tf::Add(scope, gradient.value, DenseGradient(scope, rows));
      } else {
        gradient = rows;
      }
    }
    // The Identity gives the gradient a name of its own. Without it, fetching or sending a gradient
    // would pin the operation that made it, which could then not be rewritten to bfloat16.
    gradient.value = tf::Identity(scope, gradient.value, "gradient");
    gradients.push_back(gradient);
  }
  return gradients;
}

tf::Output DenseGradient(const tf::Scope& scope, const Gradient& gradient) {
  if (!gradient.is_sparse()) return gradient.value;
  return scope.Op("UnsortedSegmentSum")
      .In(gradient.value)
      .In(gradient.indices)
      .In(tf::Const(scope, gradient.variable->shape.at(0)))
      .Out();
}

}  // namespace trainyard::train

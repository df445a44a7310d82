#include "train/internal/accumulate_gradients.h"

#include <limits>

#include "tf/ops.h"

namespace trainyard::train::internal {

AccumulatedGradients::AccumulatedGradients(ModelBuilder& model,
                                           const std::vector<Gradient>& gradients, int64_t steps)
    : scope_(model.scope().Inside("train").Inside("accumulate")) {
  // An accumulator drops gradients that are older than itself; none of ours are.
  const tf::Output newest = tf::Const(scope_, std::numeric_limits<int64_t>::max());
  std::vector<tf::Output> accumulators;
  std::vector<tf::Operation> added;
  for (const Gradient& gradient : gradients) {
    const Variable& variable = *gradient.variable;
    accumulators.push_back(scope_.Op("ResourceConditionalAccumulator")
                               .Type("dtype", variable.dtype)
                               .ShapeOf("shape", variable.shape)
                               .String("shared_name", variable.name + "/GradientAccumulator")
                               .String("reduction_type", "MEAN")
                               .Out());
    added.push_back(scope_.Op("ResourceAccumulatorApplyGradient")
                        .In(accumulators.back())
                        .In(newest)
                        .In(DenseGradient(scope_, gradient))
                        .Finish());
  }
  if (accumulators.empty()) return;
  const tf::Output count =
      scope_.Op("ResourceAccumulatorNumAccumulated").In(accumulators.front()).Control(added).Out();
  const tf::Output wanted = tf::Const(scope_, static_cast<int32_t>(steps));
  const tf::Output is_last = scope_.Op("GreaterEqual").In(count).In(wanted).Out();
  switch_ = scope_.Op("Switch").In(wanted).In(is_last).Finish();
  if (switch_ == nullptr) return;
  for (size_t i = 0; i < gradients.size(); ++i) {
    means_.push_back({.value = scope_.Op("ResourceAccumulatorTakeGradient")
                                   .In(accumulators[i])
                                   .In({switch_, 1})
                                   .Type("dtype", gradients[i].variable->dtype)
                                   .Out(),
                      .variable = gradients[i].variable,
                      .indices = {}});
  }
}

tf::Operation AccumulatedGradients::Rejoin(tf::Operation last) const {
  if (switch_ == nullptr) return nullptr;
  const tf::Output taken = scope_.Op("Identity").In({switch_, 1}).Control(last).Out();
  const tf::Output not_taken = tf::Identity(scope_, {switch_, 0});
  return scope_.Op("Merge").InList({not_taken, taken}).Finish();
}

}  // namespace trainyard::train::internal

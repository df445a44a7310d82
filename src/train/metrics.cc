#include "train/metrics.h"

#include "tf/ops.h"

namespace trainyard::train {
namespace {

Metric Average(const tf::Scope& scope, const tf::Output& values) {
  return {.parts = {tf::Sum(scope, tf::Cast(scope, values, tf::DataType::kFloat)),
                    scope.Op("Size").In(values).Type("out_type", tf::DataType::kInt64).Out()},
          .result = [](std::span<const std::vector<double>> sums) {
            return sums[1][0] > 0 ? sums[0][0] / sums[1][0] : 0;
          }};
}

}  // namespace

Metric Accuracy(ModelBuilder& model, const tf::Output& labels, const tf::Output& predictions) {
  const tf::Scope scope = model.scope().Named("accuracy");
  const tf::Output equal = scope.Op("Equal")
                               .In(tf::Cast(scope, labels, tf::DataType::kInt64))
                               .In(tf::Cast(scope, predictions, tf::DataType::kInt64))
                               .Out();
  return Average(scope, equal);
}

Metric Mean(ModelBuilder& model, const tf::Output& values) {
  return Average(model.scope().Named("mean"), values);
}

}  // namespace trainyard::train

#include "train/internal/metric_parts.h"

#include "train/internal/arithmetic.h"

namespace trainyard::train::internal {

tf::Output WeightsOf(const tf::Scope& scope, const tf::Output& values, const tf::Output& weights) {
  const tf::Output ones = Unary(scope, "OnesLike", tf::Cast(scope, values, tf::DataType::kFloat));
  if (!weights) return ones;
  const tf::Output each = tf::Cast(scope, weights, tf::DataType::kFloat);
  const Result<tf::Shape> from = scope.graph().OutputShape(each);
  const Result<tf::Shape> to = scope.graph().OutputShape(values);
  if (!from.ok() || !to.ok() || from->size() >= to->size()) return tf::Mul(scope, ones, each);
  std::vector<int32_t> column(to->size(), 1);
  column[0] = -1;
  return tf::Mul(scope, ones, tf::Reshape(scope, each, column));
}

Metric WeightedMean(const tf::Scope& scope, const tf::Output& values, const tf::Output& weights) {
  if (!scope.graph().status().ok()) return {};
  const tf::Output numbers = tf::Cast(scope, values, tf::DataType::kFloat);
  const auto mean = [](std::span<const std::vector<double>> sums) {
    return Share(sums[0][0], sums[1][0]);
  };
  if (!weights) {
    const tf::Output count =
        scope.Op("Size").In(values).Type("out_type", tf::DataType::kInt64).Out();
    return {.parts = {tf::Sum(scope, numbers), count}, .result = mean};
  }
  const tf::Output each = WeightsOf(scope, numbers, weights);
  return {.parts = {tf::Sum(scope, tf::Mul(scope, numbers, each)), tf::Sum(scope, each)},
          .result = mean};
}

double Share(double part, double whole) { return whole > 0 ? part / whole : 0; }

tf::Output IsOne(const tf::Scope& scope, const tf::Output& labels) {
  const tf::Output as_bool = tf::Cast(scope, labels, tf::DataType::kBool);
  return tf::Cast(scope, as_bool, tf::DataType::kFloat);
}

Outcomes CountOutcomes(const tf::Scope& scope, const tf::Output& labels,
                       const tf::Output& probabilities, double threshold,
                       const tf::Output& weights) {
  const tf::Output each = WeightsOf(scope, probabilities, weights);
  const tf::Output positive = tf::Mul(scope, each, IsOne(scope, labels));
  const tf::Output negative = tf::Sub(scope, each, positive);
  const tf::Output found =
      tf::Cast(scope, Binary(scope, "Greater", probabilities, Number(scope, threshold)),
               tf::DataType::kFloat);
  const tf::Output hits = tf::Mul(scope, positive, found);
  return {.true_positives = tf::Sum(scope, hits),
          .false_positives = tf::Sum(scope, tf::Mul(scope, negative, found)),
          .false_negatives = tf::Sum(scope, tf::Sub(scope, positive, hits))};
}

}  // namespace trainyard::train::internal

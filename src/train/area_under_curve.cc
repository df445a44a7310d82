// AreaUnderCurve of metrics.h: counts per threshold in the graph, the curve and its area here.
#include <algorithm>
#include <cmath>

#include "train/internal/arithmetic.h"
#include "train/internal/loss_reduction.h"
#include "train/internal/metric_parts.h"
#include "train/metrics.h"

namespace trainyard::train {
namespace {

using internal::Share;
using Numbers = std::vector<double>;

// Positives and negatives predicted 1, per threshold, of what lies in each threshold's interval.
Numbers AboveThreshold(Numbers per_interval) {
  for (size_t i = per_interval.size() - 1; i-- > 0;) per_interval[i] += per_interval[i + 1];
  return per_interval;
}

// Between two thresholds true positives and predictions vary evenly; precision does not. See
// interpolate_pr_auc in Keras.
double InterpolatedPrArea(const Numbers& true_positives, const Numbers& false_positives) {
  const double positives = true_positives.front();
  double area = 0;
  for (size_t i = 0; i + 1 < true_positives.size(); ++i) {
    const double more = true_positives[i] - true_positives[i + 1];
    const double predicted = true_positives[i] + false_positives[i];
    const double predicted_next = true_positives[i + 1] + false_positives[i + 1];
    const double slope = Share(more, std::max(predicted - predicted_next, 0.0));
    const double intercept = true_positives[i + 1] - slope * predicted_next;
    const double ratio = predicted > 0 && predicted_next > 0 ? predicted / predicted_next : 1.0;
    area += Share(slope * (more + intercept * std::log(ratio)), positives);
  }
  return area;
}

double Height(double a, double b, Summation summation) {
  switch (summation) {
    case Summation::kInterpolation:
      return (a + b) / 2;
    case Summation::kMinoring:
      return std::min(a, b);
    case Summation::kMajoring:
      return std::max(a, b);
  }
  return 0;
}

double Area(const Numbers& true_positives, const Numbers& false_positives, Curve curve,
            Summation summation) {
  if (curve == Curve::kPr && summation == Summation::kInterpolation) {
    return InterpolatedPrArea(true_positives, false_positives);
  }
  // The lowest threshold predicts 1 for everything.
  const double positives = true_positives.front();
  const double negatives = false_positives.front();
  const auto x = [&](size_t i) {
    return curve == Curve::kRoc ? Share(false_positives[i], negatives)
                                : Share(true_positives[i], positives);
  };
  const auto y = [&](size_t i) {
    return curve == Curve::kRoc ? Share(true_positives[i], positives)
                                : Share(true_positives[i], true_positives[i] + false_positives[i]);
  };
  double area = 0;
  for (size_t i = 0; i + 1 < true_positives.size(); ++i) {
    area += (x(i) - x(i + 1)) * Height(y(i), y(i + 1), summation);
  }
  return area;
}

}  // namespace

Metric AreaUnderCurve(ModelBuilder& model, const tf::Output& labels,
                      const tf::Output& probabilities, const AreaUnderCurveOptions& options) {
  const tf::Scope scope = model.scope().Named("area_under_curve");
  if (options.num_thresholds < 2) {
    model.graph().Fail(InvalidArgumentError("{}: num_thresholds is {}, it must be at least 2",
                                            internal::NameOf(scope), options.num_thresholds));
    return {};
  }
  if (!internal::CheckSameShape(scope, "labels", labels, probabilities)) return {};
  // Threshold i is i / (n - 1); the first lies just below 0 and the last just above 1. A prediction
  // falls into the interval of the highest threshold that it exceeds.
  const auto n = static_cast<int32_t>(options.num_thresholds);
  const tf::Output zero = internal::Number(scope, 0);
  const tf::Output clipped =
      scope.Op("ClipByValue").In(probabilities).In(zero).In(internal::Number(scope, 1)).Out();
  const tf::Output scaled = internal::Unary(scope, "Ceil", internal::Scale(scope, clipped, n - 1));
  const tf::Output interval =
      tf::Cast(scope, internal::Maximum(scope, internal::Plus(scope, scaled, -1), zero),
               tf::DataType::kInt32);
  const tf::Output weights = internal::WeightsOf(scope, probabilities, options.weights);
  const tf::Output positive = tf::Mul(scope, weights, internal::IsOne(scope, labels));
  const auto per_interval = [&](const tf::Output& counts) {
    return scope.Op("UnsortedSegmentSum").In(counts).In(interval).In(tf::Const(scope, n)).Out();
  };
  return {.parts = {per_interval(positive), per_interval(tf::Sub(scope, weights, positive))},
          .result = [curve = options.curve,
                     summation = options.summation](std::span<const std::vector<double>> sums) {
            return Area(AboveThreshold(sums[0]), AboveThreshold(sums[1]), curve, summation);
          }};
}

}  // namespace trainyard::train

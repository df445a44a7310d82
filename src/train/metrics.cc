#include "train/metrics.h"

#include <cmath>

#include "train/internal/arithmetic.h"
#include "train/internal/layer_shapes.h"
#include "train/internal/loss_reduction.h"
#include "train/internal/metric_parts.h"

namespace trainyard::train {
namespace {

using internal::Binary;
using internal::CheckSameShape;
using internal::Share;
using internal::Unary;

tf::Output AsInt64(const tf::Scope& scope, const tf::Output& x) {
  return tf::Cast(scope, x, tf::DataType::kInt64);
}

// The mean of a measure of the difference between predictions and labels.
Metric MeanError(ModelBuilder& model, const char* name, const char* measure,
                 const tf::Output& labels, const tf::Output& predictions,
                 const MetricOptions& options) {
  const tf::Scope scope = model.scope().Named(name);
  if (!CheckSameShape(scope, "labels", labels, predictions)) return {};
  const tf::Output error =
      tf::Sub(scope, predictions, tf::Cast(scope, labels, tf::DataType::kFloat));
  return internal::WeightedMean(scope, Unary(scope, measure, error), options.weights);
}

}  // namespace

Metric Accuracy(ModelBuilder& model, const tf::Output& labels, const tf::Output& predictions,
                const MetricOptions& options) {
  const tf::Scope scope = model.scope().Named("accuracy");
  if (!CheckSameShape(scope, "labels", labels, predictions)) return {};
  const tf::Output equal =
      Binary(scope, "Equal", AsInt64(scope, labels), AsInt64(scope, predictions));
  return internal::WeightedMean(scope, equal, options.weights);
}

Metric Mean(ModelBuilder& model, const tf::Output& values, const MetricOptions& options) {
  return internal::WeightedMean(model.scope().Named("mean"), values, options.weights);
}

Metric TopKAccuracy(ModelBuilder& model, const tf::Output& labels, const tf::Output& scores,
                    const TopKOptions& options) {
  const tf::Scope scope = model.scope().Named("top_k_accuracy");
  const tf::Shape shape =
      internal::LayerInputShape(model, scores, internal::NameOf(scope), "[batch,classes]", {2});
  if (shape.empty()) return {};
  if (options.k < 1 || options.k > shape.back()) {
    model.graph().Fail(InvalidArgumentError("{}: k is {}, it must be from 1 to the {} classes",
                                            internal::NameOf(scope), options.k, shape.back()));
    return {};
  }
  const tf::Output among = scope.Op("InTopKV2")
                               .In(scores)
                               .In(AsInt64(scope, labels))
                               .In(tf::Const(scope, options.k))
                               .Out();
  return internal::WeightedMean(scope, among, options.weights);
}

Metric BinaryAccuracy(ModelBuilder& model, const tf::Output& labels,
                      const tf::Output& probabilities, const ThresholdOptions& options) {
  const tf::Scope scope = model.scope().Named("binary_accuracy");
  if (!CheckSameShape(scope, "labels", labels, probabilities)) return {};
  const tf::Output found =
      Binary(scope, "Greater", probabilities, internal::Number(scope, options.threshold));
  const tf::Output equal =
      Binary(scope, "Equal", tf::Cast(scope, labels, tf::DataType::kBool), found);
  return internal::WeightedMean(scope, equal, options.weights);
}

Metric Precision(ModelBuilder& model, const tf::Output& labels, const tf::Output& probabilities,
                 const ThresholdOptions& options) {
  const tf::Scope scope = model.scope().Named("precision");
  if (!CheckSameShape(scope, "labels", labels, probabilities)) return {};
  const internal::Outcomes outcomes =
      internal::CountOutcomes(scope, labels, probabilities, options.threshold, options.weights);
  return {.parts = {outcomes.true_positives, outcomes.false_positives},
          .result = [](std::span<const std::vector<double>> sums) {
            return Share(sums[0][0], sums[0][0] + sums[1][0]);
          }};
}

Metric Recall(ModelBuilder& model, const tf::Output& labels, const tf::Output& probabilities,
              const ThresholdOptions& options) {
  const tf::Scope scope = model.scope().Named("recall");
  if (!CheckSameShape(scope, "labels", labels, probabilities)) return {};
  const internal::Outcomes outcomes =
      internal::CountOutcomes(scope, labels, probabilities, options.threshold, options.weights);
  return {.parts = {outcomes.true_positives, outcomes.false_negatives},
          .result = [](std::span<const std::vector<double>> sums) {
            return Share(sums[0][0], sums[0][0] + sums[1][0]);
          }};
}

Metric MeanSquaredErrorMetric(ModelBuilder& model, const tf::Output& labels,
                              const tf::Output& predictions, const MetricOptions& options) {
  return MeanError(model, "mean_squared_error_metric", "Square", labels, predictions, options);
}

Metric MeanAbsoluteErrorMetric(ModelBuilder& model, const tf::Output& labels,
                               const tf::Output& predictions, const MetricOptions& options) {
  return MeanError(model, "mean_absolute_error_metric", "Abs", labels, predictions, options);
}

Metric RootMeanSquaredErrorMetric(ModelBuilder& model, const tf::Output& labels,
                                  const tf::Output& predictions, const MetricOptions& options) {
  Metric metric =
      MeanError(model, "root_mean_squared_error_metric", "Square", labels, predictions, options);
  metric.result = [](std::span<const std::vector<double>> sums) {
    return std::sqrt(Share(sums[0][0], sums[1][0]));
  };
  return metric;
}

std::map<std::string, Metric> ConfusionMatrix(ModelBuilder& model, const tf::Output& labels,
                                              const tf::Output& predictions,
                                              const ConfusionMatrixOptions& options) {
  const tf::Scope scope = model.scope().Named(options.name);
  if (!internal::CheckPositive(model, internal::NameOf(scope), "num_classes",
                               options.num_classes) ||
      !CheckSameShape(scope, "labels", labels, predictions)) {
    return {};
  }
  // A class that does not exist has a place outside of the matrix. ScatterNd refuses that by name,
  // where sums over segments would drop it or put it in another row.
  const tf::Output places = scope.Op("Pack")
                                .InList({AsInt64(scope, labels), AsInt64(scope, predictions)})
                                .Int("axis", 1)
                                .Out();
  const tf::Output counts =
      scope.Op("ScatterNd")
          .In(places)
          .In(internal::WeightsOf(scope, labels, options.weights))
          .In(tf::Const(
              scope, tf::Tensor::FromVector<int64_t>({options.num_classes, options.num_classes})))
          .Out();
  std::map<std::string, Metric> cells;
  for (int64_t label = 0; label < options.num_classes; ++label) {
    for (int64_t found = 0; found < options.num_classes; ++found) {
      const auto place = static_cast<size_t>(label * options.num_classes + found);
      cells[fmt::format("{}/{}_{}", options.name, label, found)] = {
          .parts = {counts},
          .result = [place](std::span<const std::vector<double>> sums) { return sums[0][place]; }};
    }
  }
  return cells;
}

}  // namespace trainyard::train

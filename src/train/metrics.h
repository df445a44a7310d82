// Ready-made evaluation metrics, exact over all batches together: what is summed are the parts of a
// metric, not its values per batch. Those of the same name in tf.keras.metrics give the same.
//
//   spec.metrics = {{"accuracy", Accuracy(model, labels, classes)},
//                   {"top5", TopKAccuracy(model, labels, logits, {.k = 5})},
//                   {"auc", AreaUnderCurve(model, labels, probabilities)}};
//
// Where nothing was seen (no examples, or weights of 0) a metric is 0. Wrong shapes and options
// fail the graph with a line that names the metric.
#pragma once

#include <map>
#include <string>

#include "train/metric.h"
#include "train/model_builder.h"

namespace trainyard::train {

struct MetricOptions {
  // How much each example counts: numbers [batch]. None: 1 for each.
  tf::Output weights{};
};

// The fraction of examples whose predicted class equals the label. Both are integers [batch].
Metric Accuracy(ModelBuilder& model, const tf::Output& labels, const tf::Output& predictions,
                const MetricOptions& options = {});

// The mean of all elements of all batches.
Metric Mean(ModelBuilder& model, const tf::Output& values, const MetricOptions& options = {});

struct TopKOptions {
  int64_t k = 5;  // from 1 to the number of classes
  tf::Output weights{};
};

// The fraction of examples whose label is among the k highest scores. `labels` are integers
// [batch], `scores` (logits or probabilities) float [batch,classes]. Classes of the same score as
// the k-th count as among them.
Metric TopKAccuracy(ModelBuilder& model, const tf::Output& labels, const tf::Output& scores,
                    const TopKOptions& options = {});

// For two classes, or several that do not exclude each other: labels 0 or 1 (any number type, or
// bool), and float probabilities of the same shape.
struct ThresholdOptions {
  double threshold = 0.5;  // a probability above it predicts 1
  tf::Output weights{};
};

// The fraction of predictions that equal their label.
Metric BinaryAccuracy(ModelBuilder& model, const tf::Output& labels,
                      const tf::Output& probabilities, const ThresholdOptions& options = {});
// Of all that were predicted 1, the fraction whose label is 1.
Metric Precision(ModelBuilder& model, const tf::Output& labels, const tf::Output& probabilities,
                 const ThresholdOptions& options = {});
// Of all whose label is 1, the fraction that was predicted 1.
Metric Recall(ModelBuilder& model, const tf::Output& labels, const tf::Output& probabilities,
              const ThresholdOptions& options = {});

// The measures of an error, over all elements; labels and predictions are of the same shape. (The
// losses MeanSquaredError and MeanAbsoluteError have the plain names.)
Metric MeanSquaredErrorMetric(ModelBuilder& model, const tf::Output& labels,
                              const tf::Output& predictions, const MetricOptions& options = {});
Metric MeanAbsoluteErrorMetric(ModelBuilder& model, const tf::Output& labels,
                               const tf::Output& predictions, const MetricOptions& options = {});
Metric RootMeanSquaredErrorMetric(ModelBuilder& model, const tf::Output& labels,
                                  const tf::Output& predictions, const MetricOptions& options = {});

enum class Curve { kRoc, kPr };  // true over false positives; precision over recall
// How the area between two thresholds is taken. Interpolation is the trapezoid for ROC, and the
// formula of Davis and Goadrich 2006 for PR; the others give lower and upper bounds.
enum class Summation { kInterpolation, kMinoring, kMajoring };

struct AreaUnderCurveOptions {
  int64_t num_thresholds = 200;  // evenly from 0 to 1; at least 2
  Curve curve = Curve::kRoc;
  Summation summation = Summation::kInterpolation;
  tf::Output weights{};
};

// AUC: how well probabilities separate labels 1 from labels 0, over all thresholds. As
// tf.keras.metrics.AUC. Probabilities outside of [0, 1] count as the nearer end.
Metric AreaUnderCurve(ModelBuilder& model, const tf::Output& labels,
                      const tf::Output& probabilities, const AreaUnderCurveOptions& options = {});

struct ConfusionMatrixOptions {
  int64_t num_classes = 0;  // required
  tf::Output weights{};
  std::string name = "confusion_matrix";
};

// How often class i was predicted as class j: one metric per cell, "<name>/<i>_<j>", so that the
// matrix shows in the evaluation's line, its events and the dashboard like any other number. Labels
// and predictions are integers [batch]; a class that does not exist ends the run in
// InvalidArgument. For few classes: the cost grows with the fourth power of their number.
//
//   spec.metrics.merge(ConfusionMatrix(model, labels, classes, {.num_classes = 3}));
std::map<std::string, Metric> ConfusionMatrix(ModelBuilder& model, const tf::Output& labels,
                                              const tf::Output& predictions,
                                              const ConfusionMatrixOptions& options);

}  // namespace trainyard::train

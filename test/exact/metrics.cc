#include "train/metrics.h"

#include <fmt/format.h>

#include <cstdlib>

#include "exact_cases.h"
#include "tf/ops.h"
#include "tf/session.h"

namespace trainyard::exact {
namespace {

using train::Curve;
using train::Metric;
using train::ModelBuilder;
using train::Summation;

constexpr int64_t kBatches = 3;
constexpr int64_t kBatchSize = 16;

// All batches of an input, the first dimension is the batch's number.
using Data = std::map<std::string, Values>;
using Build = std::function<std::map<std::string, Metric>(ModelBuilder&, const Outputs&)>;

tf::Tensor Batch(const Values& all, int64_t index) {
  Values part{.shape = {all.shape.begin() + 1, all.shape.end()}};
  const int64_t size = tf::NumElements(part.shape);
  const auto take = [&](const auto& from, auto* to) {
    if (from.empty()) return;
    to->assign(from.begin() + index * size, from.begin() + (index + 1) * size);
  };
  take(all.floats, &part.floats);
  take(all.integers, &part.integers);
  return part.tensor();
}

template <class T>
void AddValues(const tf::Tensor& part, std::vector<double>* sum) {
  const auto values = part.data<T>();
  sum->resize(values.size());
  for (size_t i = 0; i < values.size(); ++i) (*sum)[i] += static_cast<double>(values[i]);
}

// The sums of a metric's parts over the batches, and its result.
double Evaluate(tf::Session& session, const Metric& metric, const Outputs& inputs,
                const Data& data) {
  std::vector<std::vector<double>> sums(metric.parts.size());
  for (int64_t batch = 0; batch < kBatches; ++batch) {
    std::vector<tf::Tensor> tensors;
    tensors.reserve(data.size());
    std::vector<tf::Feed> feeds;
    for (const auto& [name, values] : data) {
      tensors.push_back(Batch(values, batch));
      feeds.push_back({inputs.at(name), &tensors.back()});
    }
    const auto parts = session.Run(feeds, metric.parts, std::vector<tf::Operation>{});
    if (!parts.ok()) {
      fmt::print(stderr, "{}\n", parts.status().message());
      std::exit(1);
    }
    for (size_t i = 0; i < sums.size(); ++i) {
      const tf::Tensor& part = (*parts)[i];
      part.dtype() == tf::DataType::kInt64 ? AddValues<int64_t>(part, &sums[i])
                                           : AddValues<float>(part, &sums[i]);
    }
  }
  return metric.result(sums);
}

void PrintMetrics(const std::string& name, const Data& data, const Build& build) {
  tf::Graph graph;
  ModelBuilder model(&graph, {.mode = train::Mode::kEval});
  Outputs inputs;
  Tensors printed;
  for (const auto& [key, values] : data) {
    const tf::Shape shape(values.shape.begin() + 1, values.shape.end());
    inputs[key] = tf::Placeholder(model.scope(), values.tensor().dtype(), shape, key);
    printed["in:" + key] = values.tensor();
  }
  const std::map<std::string, Metric> metrics = build(model, inputs);
  auto session = tf::Session::Create(graph, {});
  if (!graph.status().ok() || !session.ok()) {
    fmt::print(stderr, "{}: {}\n", name, graph.status().message());
    std::exit(1);
  }
  for (const auto& [key, metric] : metrics) {
    printed["out:" + key] = tf::Tensor::Scalar(Evaluate(**session, metric, inputs, data));
  }
  Print(name, printed);
}

Values Probabilities(const tf::Shape& shape, uint64_t seed) {
  Values values = Numbers(shape, seed);
  for (float& value : values.floats) value = (value + 1) / 2;
  return values;
}

const Values kWeights = Probabilities({kBatches, kBatchSize}, 33);

}  // namespace

void PrintMetrics() {
  const tf::Shape flat = {kBatches, kBatchSize};
  const tf::Shape wide = {kBatches, kBatchSize, 5};
  PrintMetrics("class_metrics",
               {{"labels", Integers(flat, 5, 31)},
                {"classes", Integers(flat, 5, 32)},
                {"scores", Numbers(wide, 34)},
                {"weights", kWeights}},
               [](ModelBuilder& model, const Outputs& in) {
                 const tf::Output labels = in.at("labels");
                 std::map<std::string, Metric> metrics = {
                     {"accuracy", Accuracy(model, labels, in.at("classes"))},
                     {"accuracy_weighted",
                      Accuracy(model, labels, in.at("classes"), {.weights = in.at("weights")})},
                     {"top2", TopKAccuracy(model, labels, in.at("scores"), {.k = 2})},
                     {"top3_weighted", TopKAccuracy(model, labels, in.at("scores"),
                                                    {.k = 3, .weights = in.at("weights")})}};
                 metrics.merge(ConfusionMatrix(model, labels, in.at("classes"),
                                               {.num_classes = 5, .name = "cm"}));
                 metrics.merge(ConfusionMatrix(
                     model, labels, in.at("classes"),
                     {.num_classes = 5, .weights = in.at("weights"), .name = "cm_weighted"}));
                 return metrics;
               });
  PrintMetrics(
      "binary_metrics",
      {{"labels", Integers(flat, 2, 35)},
       {"found", Probabilities(flat, 36)},
       {"weights", kWeights}},
      [](ModelBuilder& model, const Outputs& in) {
        const tf::Output labels = in.at("labels");
        const tf::Output found = in.at("found");
        const tf::Output weights = in.at("weights");
        return std::map<std::string, Metric>{
            {"accuracy", BinaryAccuracy(model, labels, found)},
            {"accuracy_weighted",
             BinaryAccuracy(model, labels, found, {.threshold = 0.3, .weights = weights})},
            {"precision", Precision(model, labels, found)},
            {"precision_weighted",
             Precision(model, labels, found, {.threshold = 0.7, .weights = weights})},
            {"recall", Recall(model, labels, found)},
            {"recall_weighted",
             Recall(model, labels, found, {.threshold = 0.7, .weights = weights})},
            {"auc", AreaUnderCurve(model, labels, found)},
            {"auc_weighted",
             AreaUnderCurve(model, labels, found, {.num_thresholds = 20, .weights = weights})},
            {"auc_pr", AreaUnderCurve(model, labels, found, {.curve = Curve::kPr})},
            {"auc_pr_weighted",
             AreaUnderCurve(model, labels, found,
                            {.num_thresholds = 20, .curve = Curve::kPr, .weights = weights})},
            {"auc_minoring",
             AreaUnderCurve(model, labels, found, {.summation = Summation::kMinoring})},
            {"auc_pr_majoring",
             AreaUnderCurve(model, labels, found,
                            {.curve = Curve::kPr, .summation = Summation::kMajoring})}};
      });
  PrintMetrics("error_metrics",
               {{"labels", Numbers(wide, 37)}, {"found", Numbers(wide, 38)}, {"weights", kWeights}},
               [](ModelBuilder& model, const Outputs& in) {
                 const tf::Output labels = in.at("labels");
                 const tf::Output found = in.at("found");
                 const train::MetricOptions weighted{.weights = in.at("weights")};
                 return std::map<std::string, Metric>{
                     {"mean", Mean(model, found)},
                     {"mean_weighted", Mean(model, found, weighted)},
                     {"squared", MeanSquaredErrorMetric(model, labels, found)},
                     {"squared_weighted", MeanSquaredErrorMetric(model, labels, found, weighted)},
                     {"absolute_weighted", MeanAbsoluteErrorMetric(model, labels, found, weighted)},
                     {"root", RootMeanSquaredErrorMetric(model, labels, found)},
                     {"root_weighted", RootMeanSquaredErrorMetric(model, labels, found, weighted)}};
               });
}

}  // namespace trainyard::exact

#include "train/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "train/testing/metric_runner.h"

namespace trainyard::train {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(MetricsTest, AccuracyAddsUpOverBatchesOfDifferentSizes) {
  tf::Graph graph;
  ModelBuilder model(&graph, {.mode = Mode::kEval});
  const tf::Output labels = tf::Placeholder(model.scope(), tf::DataType::kInt32, {-1}, "labels");
  const tf::Output classes = tf::Placeholder(model.scope(), tf::DataType::kInt64, {-1}, "classes");
  const Metric accuracy = Accuracy(model, labels, classes);
  ModelRunner run(model);
  MetricSums sums(accuracy);
  const std::pair<std::vector<int32_t>, std::vector<int64_t>> batches[] = {
      {{1, 2, 3, 4}, {1, 2, 3, 0}}, {{5, 6}, {6, 5}}};
  for (const auto& [wanted, found] : batches) {
    const auto wanted_tensor = tf::Tensor::FromVector(wanted);
    const auto found_tensor = tf::Tensor::FromVector(found);
    sums.Add(run, {{labels, &wanted_tensor}, {classes, &found_tensor}});
  }
  EXPECT_DOUBLE_EQ(sums.result(), 0.5);
}

TEST(MetricsTest, MeanIsOverAllElements) {
  tf::Graph graph;
  ModelBuilder model(&graph, {.mode = Mode::kEval});
  const Metric mean = Mean(model, FloatsConst(model, {2, 2}, {1, 2, 3, 6}));
  ModelRunner run(model);
  EXPECT_DOUBLE_EQ(ResultOf(run, mean), 3);
}

TEST(MetricsTest, NothingSeenIsZeroAndNotNan) {
  tf::Graph graph;
  ModelBuilder model(&graph, {.mode = Mode::kEval});
  const Metric mean = Mean(model, FloatsConst(model, {1}, {1}));
  const std::vector<std::vector<double>> sums = {{0}, {0}};
  EXPECT_EQ(mean.result(sums), 0);
}

// Four examples of two classes.
class BinaryMetricsTest : public ::testing::Test {
 protected:
  BinaryMetricsTest() : model_(&graph_, {.mode = Mode::kEval}) {
    labels_ = tf::Const(model_.scope(), tf::Tensor::FromVector<int32_t>({1, 0, 1, 0}));
    found_ = FloatsConst(model_, {4}, {0.9f, 0.8f, 0.4f, 0.5f});
    weights_ = FloatsConst(model_, {4}, {1, 2, 3, 4});
  }
  double Result(const Metric& metric) {
    EXPECT_TRUE(graph_.status().ok()) << graph_.status();
    ModelRunner run(model_);
    return ResultOf(run, metric);
  }
  tf::Graph graph_;
  ModelBuilder model_;
  tf::Output labels_;
  tf::Output found_;
  tf::Output weights_;
};

TEST_F(BinaryMetricsTest, CountAtTheThreshold) {
  EXPECT_DOUBLE_EQ(Result(BinaryAccuracy(model_, labels_, found_)), 0.5);
  EXPECT_DOUBLE_EQ(Result(Precision(model_, labels_, found_)), 0.5);
  EXPECT_DOUBLE_EQ(Result(Recall(model_, labels_, found_)), 0.5);
  EXPECT_DOUBLE_EQ(Result(Recall(model_, labels_, found_, {.threshold = 0.3})), 1);
  EXPECT_DOUBLE_EQ(Result(Precision(model_, labels_, found_, {.threshold = 0.95})), 0);
}

TEST_F(BinaryMetricsTest, WeighExamples) {
  EXPECT_DOUBLE_EQ(Result(BinaryAccuracy(model_, labels_, found_, {.weights = weights_})), 0.5);
  EXPECT_DOUBLE_EQ(Result(Precision(model_, labels_, found_, {.weights = weights_})), 1.0 / 3);
  EXPECT_DOUBLE_EQ(Result(Recall(model_, labels_, found_, {.weights = weights_})), 0.25);
  EXPECT_DOUBLE_EQ(Result(Mean(model_, found_, {.weights = labels_})), (0.9f + 0.4f) / 2.0);
}

TEST_F(BinaryMetricsTest, AreaUnderCurveIsTheShareOfPairsInTheRightOrder) {
  // Of the four pairs of a 1 and a 0, 0.9 is above both zeros and 0.4 below both.
  EXPECT_NEAR(Result(AreaUnderCurve(model_, labels_, found_)), 0.5, 1e-9);
  const tf::Output perfect = FloatsConst(model_, {4}, {0.9f, 0.1f, 0.8f, 0.2f});
  EXPECT_NEAR(Result(AreaUnderCurve(model_, labels_, perfect)), 1, 1e-9);
  EXPECT_NEAR(Result(AreaUnderCurve(model_, labels_, perfect, {.curve = Curve::kPr})), 1, 1e-9);
}

TEST_F(BinaryMetricsTest, LabelsOfAnotherShapeFailByName) {
  Precision(model_, FloatsConst(model_, {4, 1}, {1, 0, 1, 0}), found_);
  EXPECT_THAT(graph_.status().message(), HasSubstr("precision: labels \"Const"));
}

TEST(MetricsTest, ErrorsAreMeasuredOverAllElements) {
  tf::Graph graph;
  ModelBuilder model(&graph, {.mode = Mode::kEval});
  const tf::Output labels = FloatsConst(model, {2, 2}, {1, 2, 3, 4});
  const tf::Output found = FloatsConst(model, {2, 2}, {1, 4, 3, 0});
  const MetricOptions weighted{.weights = FloatsConst(model, {2}, {3, 1})};
  const Metric squared = MeanSquaredErrorMetric(model, labels, found);
  const Metric absolute = MeanAbsoluteErrorMetric(model, labels, found, weighted);
  const Metric root = RootMeanSquaredErrorMetric(model, labels, found);
  ModelRunner run(model);
  EXPECT_DOUBLE_EQ(ResultOf(run, squared), 5);
  EXPECT_DOUBLE_EQ(ResultOf(run, absolute), (3 * 2 + 4) / 8.0);
  EXPECT_DOUBLE_EQ(ResultOf(run, root), std::sqrt(5));
}

TEST(MetricsTest, TopKAccuracyLooksForTheLabelAmongTheHighestScores) {
  tf::Graph graph;
  ModelBuilder model(&graph, {.mode = Mode::kEval});
  const tf::Output scores = FloatsConst(model, {2, 3}, {0.1f, 0.5f, 0.4f, 0.7f, 0.2f, 0.1f});
  const tf::Output labels = tf::Const(model.scope(), tf::Tensor::FromVector<uint8_t>({2, 2}));
  std::vector<Metric> metrics;
  for (const int64_t k : {1, 2, 3}) {
    metrics.push_back(TopKAccuracy(model, labels, scores, {.k = k}));
  }
  ModelRunner run(model);
  std::vector<double> results;
  for (const Metric& metric : metrics) results.push_back(ResultOf(run, metric));
  EXPECT_THAT(results, ElementsAre(0, 0.5, 1));
  TopKAccuracy(model, labels, scores, {.k = 4});
  EXPECT_EQ(graph.status().message(),
            "top_k_accuracy_3: k is 4, it must be from 1 to the 3 classes");
}

TEST(MetricsTest, ConfusionMatrixHasAMetricPerCell) {
  tf::Graph graph;
  ModelBuilder model(&graph, {.mode = Mode::kEval});
  const tf::Output labels = tf::Const(model.scope(), tf::Tensor::FromVector<int32_t>({0, 1, 1, 1}));
  const tf::Output found = tf::Const(model.scope(), tf::Tensor::FromVector<int64_t>({0, 0, 1, 0}));
  const auto cells = ConfusionMatrix(model, labels, found, {.num_classes = 2, .name = "cm"});
  ModelRunner run(model);
  std::map<std::string, double> results;
  for (const auto& [name, metric] : cells) results[name] = ResultOf(run, metric);
  EXPECT_EQ(results, (std::map<std::string, double>{
                         {"cm/0_0", 1}, {"cm/0_1", 0}, {"cm/1_0", 2}, {"cm/1_1", 1}}));
}

TEST(MetricsTest, CellsOfAConfusionMatrixShareTheirPartWithinOneRun) {
  tf::Graph graph;
  ModelBuilder model(&graph, {.mode = Mode::kEval});
  const tf::Output labels = tf::Const(model.scope(), tf::Tensor::FromVector<int32_t>({0, 1, 1}));
  const auto cells = ConfusionMatrix(model, labels, labels, {.num_classes = 2});
  // As Evaluator does: everything in one run.
  std::vector<tf::Output> fetches;
  for (const auto& [name, metric] : cells) fetches.push_back(metric.parts.at(0));
  auto session = tf::Session::Create(graph, {}).value();
  const auto values = session->Run(std::vector<tf::Feed>{}, fetches, std::vector<tf::Operation>{});
  ASSERT_TRUE(values.ok()) << values.status();
  std::vector<double> results;
  for (const auto& [name, metric] : cells) {
    const auto part = (*values)[results.size()].data<float>();
    const std::vector<double> sums(part.begin(), part.end());
    results.push_back(metric.result(std::span(&sums, 1)));
  }
  EXPECT_THAT(results, ElementsAre(1, 0, 0, 2));
}

TEST(MetricsTest, ConfusionMatrixRefusesAClassThatDoesNotExist) {
  tf::Graph graph;
  ModelBuilder model(&graph, {.mode = Mode::kEval});
  const tf::Output labels = tf::Const(model.scope(), tf::Tensor::FromVector<int32_t>({0, 2}));
  const auto cells = ConfusionMatrix(model, labels, labels, {.num_classes = 2});
  auto session = tf::Session::Create(graph, {}).value();
  const auto result = session->Run({}, {cells.begin()->second.parts[0]}, {});
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.status().message(), HasSubstr("[2,2]"));
}

}  // namespace
}  // namespace trainyard::train

#include "train/metrics.h"

#include <gtest/gtest.h>

#include "train/testing/model_runner.h"

namespace trainyard::train {
namespace {

// Adds a scalar part to its sum, as an evaluation does for each batch.
void AddPart(const tf::Tensor& part, std::vector<double>& sum) {
  sum[0] += part.dtype() == tf::DataType::kInt64 ? static_cast<double>(part.scalar<int64_t>())
                                                 : part.scalar<float>();
}

TEST(MetricsTest, AccuracyAddsUpOverBatchesOfDifferentSizes) {
  tf::Graph graph;
  ModelBuilder model(&graph, {.mode = Mode::kEval});
  const tf::Output labels = tf::Placeholder(model.scope(), tf::DataType::kInt32, {-1}, "labels");
  const tf::Output classes = tf::Placeholder(model.scope(), tf::DataType::kInt64, {-1}, "classes");
  const Metric accuracy = Accuracy(model, labels, classes);
  ModelRunner run(model);
  std::vector<std::vector<double>> sums(accuracy.parts.size(), {0});
  const std::pair<std::vector<int32_t>, std::vector<int64_t>> batches[] = {
      {{1, 2, 3, 4}, {1, 2, 3, 0}}, {{5, 6}, {6, 5}}};
  for (const auto& [wanted, found] : batches) {
    const auto wanted_tensor = tf::Tensor::FromVector(wanted);
    const auto found_tensor = tf::Tensor::FromVector(found);
    for (size_t i = 0; i < accuracy.parts.size(); ++i) {
      AddPart(run.Fetch(accuracy.parts[i], {{labels, &wanted_tensor}, {classes, &found_tensor}}),
              sums[i]);
    }
  }
  EXPECT_DOUBLE_EQ(accuracy.result(sums), 0.5);
}

TEST(MetricsTest, MeanIsOverAllElements) {
  tf::Graph graph;
  ModelBuilder model(&graph, {.mode = Mode::kEval});
  const Metric mean = Mean(model, FloatsConst(model, {2, 2}, {1, 2, 3, 6}));
  ModelRunner run(model);
  std::vector<std::vector<double>> sums(mean.parts.size(), {0});
  for (size_t i = 0; i < mean.parts.size(); ++i) AddPart(run.Fetch(mean.parts[i]), sums[i]);
  EXPECT_DOUBLE_EQ(mean.result(sums), 3);
}

TEST(MetricsTest, NothingSeenIsZeroAndNotNan) {
  tf::Graph graph;
  ModelBuilder model(&graph, {.mode = Mode::kEval});
  const Metric mean = Mean(model, FloatsConst(model, {1}, {1}));
  const std::vector<std::vector<double>> sums = {{0}, {0}};
  EXPECT_EQ(mean.result(sums), 0);
}

}  // namespace
}  // namespace trainyard::train

#include "train/losses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "train/testing/model_runner.h"

namespace trainyard::train {
namespace {

using ::testing::HasSubstr;

template <class Integer>
float CrossEntropy(const std::vector<Integer>& labels) {
  tf::Graph graph;
  ModelBuilder model(&graph, {});
  const tf::Output logits = FloatsConst(model, {2, 3}, {1, 2, 3, 0, 0, 0});
  const tf::Output loss = SoftmaxCrossEntropy(
      model, tf::Const(model.scope(), tf::Tensor::FromVector<Integer>(labels)), logits);
  ModelRunner run(model);
  return run.Float(loss);
}

TEST(LossesTest, SoftmaxCrossEntropyIsTheMeanOverTheBatch) {
  const double sum = std::exp(1) + std::exp(2) + std::exp(3);
  const double expected = (-std::log(std::exp(3) / sum) + std::log(3)) / 2;
  EXPECT_NEAR(CrossEntropy<int32_t>({2, 0}), expected, 1e-6);
  EXPECT_NEAR(CrossEntropy<int64_t>({2, 0}), expected, 1e-6);
  EXPECT_NEAR(CrossEntropy<uint8_t>({2, 0}), expected, 1e-6);
}

TEST(LossesTest, SoftmaxCrossEntropyNeedsOneRowOfLogitsPerExample) {
  tf::Graph graph;
  ModelBuilder model(&graph, {});
  const tf::Output labels = tf::Const(model.scope(), tf::Tensor::FromVector<int32_t>({1}));
  SoftmaxCrossEntropy(model, labels, FloatsConst(model, {3}, {1, 2, 3}));
  EXPECT_THAT(graph.status().message(), HasSubstr("[batch,classes], but \""));
}

TEST(LossesTest, MeanSquaredErrorAveragesOverAllElements) {
  tf::Graph graph;
  ModelBuilder model(&graph, {});
  const tf::Output loss = MeanSquaredError(model, FloatsConst(model, {2, 2}, {1, 2, 3, 4}),
                                           FloatsConst(model, {2, 2}, {1, 0, 6, 5}));
  ModelRunner run(model);
  EXPECT_FLOAT_EQ(run.Float(loss), (0.0f + 4 + 9 + 1) / 4);
}

}  // namespace
}  // namespace trainyard::train

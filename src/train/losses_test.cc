#include "train/losses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "train/testing/model_runner.h"

namespace trainyard::train {
namespace {

using ::testing::ElementsAre;
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

TEST(LossesTest, ALabelThatIsNoClassIsNamed) {
  tf::Graph graph;
  ModelBuilder model(&graph, {});
  const tf::Output labels = tf::Const(model.scope(), tf::Tensor::FromVector<int32_t>({1, 3}));
  const tf::Output loss =
      SoftmaxCrossEntropy(model, labels, FloatsConst(model, {2, 3}, {0, 0, 0, 0, 0, 0}));
  auto session = tf::Session::Create(graph, {}).value();
  const auto result = session->Run({}, {loss}, {});
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.status().message(), HasSubstr("indices[1] = 3 is not in [0, 3)"));
}

// labels {1, 0; 0, 1}, predictions {2, -1; 0.5, -3}
template <class Loss, class Options>
std::vector<float> Value(Loss loss, Options options, bool weighted = false) {
  tf::Graph graph;
  ModelBuilder model(&graph, {});
  const tf::Output labels = FloatsConst(model, {2, 2}, {1, 0, 0, 1});
  const tf::Output predictions = FloatsConst(model, {2, 2}, {2, -1, 0.5, -3});
  if (weighted) options.weights = FloatsConst(model, {2}, {2, 0.5});
  const tf::Output value = loss(model, labels, predictions, options);
  ModelRunner run(model);
  return run.Floats(value);
}

TEST(LossesTest, ElementwiseLossesFollowTheirFormulas) {
  // Errors {1, -1; 0.5, -4}.
  EXPECT_FLOAT_EQ(Value(MeanSquaredError, LossOptions{})[0], (1 + 1 + 0.25f + 16) / 4);
  EXPECT_FLOAT_EQ(Value(MeanAbsoluteError, LossOptions{})[0], (1 + 1 + 0.5f + 4) / 4);
  EXPECT_FLOAT_EQ(Value(Huber, HuberOptions{})[0], (0.5f + 0.5f + 0.125f + 3.5f) / 4);
  EXPECT_FLOAT_EQ(Value(Huber, HuberOptions{.delta = 0.5})[0],
                  (0.375f + 0.375f + 0.125f + 1.875f) / 4);
  EXPECT_FLOAT_EQ(Value(Hinge, LossOptions{})[0], (0 + 0 + 1.5f + 4) / 4);
  const auto softplus = [](double x) { return std::log1p(std::exp(x)); };
  const double sigmoid = (softplus(-2) + softplus(-1) + softplus(0.5) + softplus(3)) / 4;
  EXPECT_NEAR(Value(SigmoidCrossEntropy, CrossEntropyOptions{})[0], sigmoid, 1e-6);
}

TEST(LossesTest, ExamplesAreWeighedAndReducedAsAsked) {
  // The examples' losses are 1 and 8.125.
  const auto value = [](Reduction reduction, bool weighted) {
    return Value(MeanSquaredError, LossOptions{.reduction = reduction}, weighted);
  };
  EXPECT_THAT(value(Reduction::kNone, false), ElementsAre(1, 8.125));
  EXPECT_THAT(value(Reduction::kNone, true), ElementsAre(2, 4.0625));
  EXPECT_THAT(value(Reduction::kSum, true), ElementsAre(6.0625));
  EXPECT_THAT(value(Reduction::kSumOverBatchSize, true), ElementsAre(3.03125));
  EXPECT_THAT(value(Reduction::kMeanWithSampleWeight, true), ElementsAre(2.425f));
  EXPECT_THAT(value(Reduction::kMeanWithSampleWeight, false), ElementsAre(4.5625));
}

TEST(LossesTest, LabelsAndPredictionsNeedTheSameShape) {
  tf::Graph graph;
  ModelBuilder model(&graph, {});
  const tf::Output labels = FloatsConst(model, {2}, {1, 2});
  MeanSquaredError(model, labels, FloatsConst(model, {2, 1}, {1, 2}));
  EXPECT_EQ(graph.status().message(),
            "mean_squared_error: labels \"Const:0\" are [2], but \"Const_1:0\" is [2,1]: they need "
            "the same shape");
}

TEST(LossesTest, BadOptionsFailByName) {
  tf::Graph graph;
  ModelBuilder model(&graph, {});
  const tf::Output x = FloatsConst(model, {1, 1}, {1});
  Huber(model, x, x, {.delta = 0});
  EXPECT_EQ(graph.status().message(), "huber: delta is 0, it must be above 0");
  tf::Graph other;
  ModelBuilder other_model(&other, {});
  const tf::Output y = FloatsConst(other_model, {1, 1}, {1});
  SigmoidCrossEntropy(other_model, y, y, {.label_smoothing = 1});
  EXPECT_EQ(other.status().message(),
            "sigmoid_cross_entropy: label_smoothing is 1, it must be at least 0 and below 1");
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

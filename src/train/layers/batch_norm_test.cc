#include "train/layers/batch_norm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "train/testing/model_runner.h"

namespace trainyard::train {
namespace {

using ::testing::FloatNear;
using ::testing::Pointwise;

const std::vector<float> kBatch = {1, 10, 2, 20, 3, 30, 6, 40};  // [4,2]: means 3 and 25
constexpr float kVariance[] = {14.0f / 4, 500.0f / 4};           // around them

TEST(BatchNormTest, TrainingNormalisesByTheBatch) {
  tf::Graph graph;
  ModelBuilder model(&graph, {.mode = Mode::kTrain});
  const tf::Output y = BatchNorm(model, FloatsConst(model, {4, 2}, kBatch), {.epsilon = 1e-3f});
  ModelRunner run(model);
  std::vector<float> expected;
  for (size_t i = 0; i < kBatch.size(); ++i) {
    const float mean = i % 2 == 0 ? 3 : 25;
    expected.push_back((kBatch[i] - mean) / std::sqrt(kVariance[i % 2] + 1e-3f));
  }
  EXPECT_THAT(run.Floats(y), Pointwise(FloatNear(1e-4f), expected));
}

TEST(BatchNormTest, TrainingMovesTheStatisticsTowardsTheBatchs) {
  tf::Graph graph;
  ModelBuilder model(&graph, {.mode = Mode::kTrain});
  BatchNorm(model, FloatsConst(model, {4, 2}, kBatch), {.momentum = 0.75f});
  ASSERT_EQ(model.updates().size(), 2u);
  ModelRunner run(model);
  const tf::Output mean = graph.FindOutput("batch_normalization/moving_mean/Read/ReadVariableOp");
  const tf::Output variance =
      graph.FindOutput("batch_normalization/moving_variance/Read/ReadVariableOp");
  float expected_mean[] = {0, 0};
  float expected_variance[] = {1, 1};
  for (int step = 0; step < 2; ++step) {
    for (const tf::Operation update : model.updates()) run.Run(update);
    for (int i = 0; i < 2; ++i) {
      expected_mean[i] += ((i == 0 ? 3.0f : 25.0f) - expected_mean[i]) * 0.25f;
      expected_variance[i] += (kVariance[i] - expected_variance[i]) * 0.25f;
    }
    EXPECT_THAT(run.Floats(mean), Pointwise(FloatNear(1e-4f), expected_mean));
    EXPECT_THAT(run.Floats(variance), Pointwise(FloatNear(1e-3f), expected_variance));
  }
}

TEST(BatchNormTest, OfImagesTakesAllPixelsOfAChannelTogether) {
  tf::Graph graph;
  ModelBuilder model(&graph, {.mode = Mode::kTrain});
  BatchNorm(model, FloatsConst(model, {1, 2, 2, 2}, kBatch), {.momentum = 0});
  ModelRunner run(model);
  for (const tf::Operation update : model.updates()) run.Run(update);
  const tf::Output variance =
      graph.FindOutput("batch_normalization/moving_variance/Read/ReadVariableOp");
  EXPECT_THAT(run.Floats(variance), Pointwise(FloatNear(1e-4f), kVariance));
}

TEST(BatchNormTest, ScaleAndCenterCanBeLeftOut) {
  tf::Graph graph;
  ModelBuilder model(&graph, {.mode = Mode::kPredict});
  const tf::Output x = FloatsConst(model, {1, 2}, {1, 2});
  BatchNorm(model, x, {.center = false, .scale = false});
  EXPECT_TRUE(model.trainable_variables().empty());
  BatchNorm(model, x, {.center = false});
  ASSERT_EQ(model.trainable_variables().size(), 1u);
  EXPECT_EQ(model.trainable_variables()[0]->name, "batch_normalization_1/gamma");
}

TEST(BatchNormTest, AFrozenLayerUsesTheMovingStatisticsInTrainingToo) {
  tf::Graph graph;
  ModelBuilder model(&graph, {.mode = Mode::kTrain});
  const tf::Output y = BatchNorm(model, FloatsConst(model, {1, 2}, {2, 5}),
                                 {.epsilon = 1,
                                  .trainable = false,
                                  .beta_initializer = Constant(1),
                                  .gamma_initializer = Constant(4),
                                  .moving_mean_initializer = Constant(2),
                                  .moving_variance_initializer = Constant(3)});
  EXPECT_TRUE(model.trainable_variables().empty());
  EXPECT_TRUE(model.updates().empty());
  ModelRunner run(model);
  EXPECT_THAT(run.Floats(y), Pointwise(FloatNear(1e-5f), {1.0f, 7.0f}));
}

TEST(BatchNormTest, OtherModesUseTheMovingStatisticsAndLeaveThemAlone) {
  for (const Mode mode : {Mode::kEval, Mode::kPredict}) {
    tf::Graph graph;
    ModelBuilder model(&graph, {.mode = mode});
    const tf::Output y = BatchNorm(model, FloatsConst(model, {4, 2}, kBatch), {.epsilon = 0.25f});
    EXPECT_TRUE(model.updates().empty());
    ModelRunner run(model);
    std::vector<float> expected;  // moving mean 0 and variance 1
    for (const float x : kBatch) expected.push_back(x / std::sqrt(1.25f));
    EXPECT_THAT(run.Floats(y), Pointwise(FloatNear(1e-4f), expected));
  }
}

TEST(BatchNormTest, UpdatesAreOnTheVariablesDevice) {
  tf::Graph graph;
  ModelBuilder model(&graph, {.num_ps_tasks = 1, .compute_device = "/job:worker/task:0"});
  BatchNorm(model, tf::Placeholder(model.scope(), tf::DataType::kFloat, {-1, 4, 4, 2}, "x"));
  ASSERT_EQ(model.updates().size(), 2u);
  for (const tf::Operation update : model.updates()) {
    EXPECT_EQ(tf::OperationDevice(update), "/job:ps/task:0");
  }
}

}  // namespace
}  // namespace trainyard::train

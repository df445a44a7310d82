#include "train/layers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "train/testing/model_runner.h"

namespace trainyard::train {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;

std::vector<std::string> VariableNames(const ModelBuilder& model) {
  std::vector<std::string> names;
  for (const Variable& variable : model.variables()) names.push_back(variable.name);
  return names;
}

tf::Output Image(ModelBuilder& model, const tf::Shape& shape) {
  return tf::Placeholder(model.scope(), tf::DataType::kFloat, shape, "image");
}

TEST(LayersTest, VariablesAreNamedAsTensorFlowsLayersNameThem) {
  tf::Graph graph;
  ModelBuilder model(&graph, {});
  tf::Output x = Image(model, {-1, 8, 8, 1});
  x = Conv2D(model, x, {.filters = 4});
  x = BatchNorm(model, x);
  x = Conv2D(model, x, {.filters = 4, .use_bias = false});
  x = Dense(model, Flatten(model, x), {.units = 3});
  Dense(model, x, {.units = 2});
  ASSERT_TRUE(graph.status().ok()) << graph.status();
  EXPECT_THAT(
      VariableNames(model),
      ElementsAre("global_step", "conv2d/kernel", "conv2d/bias", "batch_normalization/gamma",
                  "batch_normalization/beta", "batch_normalization/moving_mean",
                  "batch_normalization/moving_variance", "conv2d_1/kernel", "dense/kernel",
                  "dense/bias", "dense_1/kernel", "dense_1/bias"));
  EXPECT_EQ(model.trainable_variables().size(), 9u);
}

TEST(LayersTest, AllModesHaveTheSameVariables) {
  std::vector<std::vector<std::string>> names;
  for (const Mode mode : {Mode::kTrain, Mode::kEval, Mode::kPredict}) {
    tf::Graph graph;
    ModelBuilder model(&graph, {.mode = mode});
    const tf::Output x = Image(model, {-1, 4, 4, 1});
    Dropout(model, BatchNorm(model, Conv2D(model, x, {.filters = 2})), 0.5f);
    ASSERT_TRUE(graph.status().ok()) << graph.status();
    names.push_back(VariableNames(model));
  }
  EXPECT_EQ(names[0], names[1]);
  EXPECT_EQ(names[0], names[2]);
}

TEST(LayersTest, ShapesFollowPaddingAndStrides) {
  tf::Graph graph;
  ModelBuilder model(&graph, {});
  const tf::Output x = Image(model, {-1, 28, 28, 1});
  const auto shape = [&](const tf::Output& y) { return graph.OutputShape(y).value(); };
  EXPECT_THAT(shape(Conv2D(model, x, {.filters = 6, .kernel_size = 5})),
              ElementsAre(-1, 24, 24, 6));
  EXPECT_THAT(
      shape(Conv2D(model, x,
                   {.filters = 6, .kernel_size = 5, .strides = 2, .padding = Padding::kSame})),
      ElementsAre(-1, 14, 14, 6));
  EXPECT_THAT(shape(MaxPooling2D(model, x)), ElementsAre(-1, 14, 14, 1));
  EXPECT_THAT(shape(AveragePooling2D(model, x, {.pool_size = 3, .strides = Size2D(1)})),
              ElementsAre(-1, 26, 26, 1));
  EXPECT_THAT(shape(Flatten(model, x)), ElementsAre(-1, 784));
}

TEST(LayersTest, PoolingTakesTheLargestOrTheAverage) {
  tf::Graph graph;
  ModelBuilder model(&graph, {});
  const tf::Output x = FloatsConst(model, {1, 2, 4, 1}, {1, 2, 3, 4, 5, 6, 7, 9});
  const tf::Output largest = MaxPooling2D(model, x);
  const tf::Output average = AveragePooling2D(model, x);
  ModelRunner run(model);
  EXPECT_THAT(run.Floats(largest), ElementsAre(6, 9));
  EXPECT_THAT(run.Floats(average), ElementsAre(3.5, 5.75));
}

TEST(LayersTest, DenseMultipliesAddsAndActivates) {
  tf::Graph graph;
  ModelBuilder model(&graph, {});
  const tf::Output x = FloatsConst(model, {2, 2}, {1, 2, -3, 4});
  const tf::Output y = Dense(model, x,
                             {.units = 1,
                              .activation = Relu,
                              .kernel_initializer = Constant(2),
                              .bias_initializer = Constant(-3)});
  ModelRunner run(model);
  EXPECT_THAT(run.Floats(y), ElementsAre(3, 0));
}

TEST(LayersTest, VariablesAreOnParameterServersAndTheRestOnTheComputeDevice) {
  tf::Graph graph;
  ModelBuilder model(&graph, {.num_ps_tasks = 1, .compute_device = "/job:worker/task:1"});
  Dense(model, Image(model, {-1, 4}), {.units = 2});
  EXPECT_EQ(model.variables()[1].device, "/job:ps/task:0");
  const std::string def = graph.Serialize().value();
  EXPECT_THAT(def, HasSubstr("/job:worker/task:1"));
}

TEST(LayersTest, WhatFollowsAFailureDoesNothing) {
  tf::Graph graph;
  ModelBuilder model(&graph, {});
  tf::Output x = Conv2D(model, Image(model, {-1, 784}), {.filters = 2});
  x = MaxPooling2D(model, Relu(model.scope(), BatchNorm(model, x)));
  x = Dropout(model, x, {.noise_shape = {-1, 1, 1, -1}});
  x = Conv2DTranspose(model, DepthwiseConv2D(model, x), {.filters = 2});
  x = SeparableConv2D(model, ZeroPadding2D(model, x), {.filters = 2});
  x = Residual(model, x, LayerNorm(model, x));
  x = GlobalAveragePooling2D(model, Concatenate(model, {x, x}));
  x = LogSoftmax(model.scope(), Gelu(model.scope(), Reshape(model, x, {2, 2})));
  x = Dropout(model, Dense(model, Flatten(model, x), {.units = 2}), 0.5f);
  EXPECT_FALSE(x);
  EXPECT_THAT(graph.status().message(), HasSubstr("conv2d/Conv2D needs an input"));
}

}  // namespace
}  // namespace trainyard::train

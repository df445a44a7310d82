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

struct BadInput {
  std::string name;
  tf::Shape shape;
  std::function<void(ModelBuilder&, const tf::Output&)> build;
  std::string message;
};

void PrintTo(const BadInput& bad, std::ostream* out) { *out << bad.name; }

class LayersBadInputTest : public ::testing::TestWithParam<BadInput> {};

TEST_P(LayersBadInputTest, FailsTheGraphWithOneClearLine) {
  tf::Graph graph;
  ModelBuilder model(&graph, {});
  GetParam().build(model, Image(model, GetParam().shape));
  EXPECT_EQ(graph.status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(graph.status().message(), GetParam().message);
}

const std::vector<BadInput> kBadInputs = {
    {"Conv2DOfVectors",
     {-1, 784},
     [](auto& model, auto& x) { Conv2D(model, x, {.filters = 2}); },
     "conv2d/Conv2D needs an input [batch,height,width,channels], but \"image:0\" is [?,784]"},
    {"Conv2DWithoutFilters",
     {-1, 4, 4, 1},
     [](auto& model, auto& x) { Conv2D(model, x, {}); },
     "filters of conv2d/Conv2D is 0: it must be at least 1"},
    {"DenseOfUnknownWidth",
     {-1, -1},
     [](auto& model, auto& x) { Dense(model, x, {.units = 2}); },
     "dense/MatMul needs an input [batch,features], but \"image:0\" is [?,?]"},
    {"DenseWithoutUnits",
     {-1, 4},
     [](auto& model, auto& x) { Dense(model, x, {}); },
     "units of dense/MatMul is 0: it must be at least 1"},
    {"BatchNormOfRankThree",
     {-1, 4, 4},
     [](auto& model, auto& x) { BatchNorm(model, x); },
     "batch_normalization/FusedBatchNormV3 needs an input [batch,height,width,channels] or"
     " [batch,channels], but \"image:0\" is [?,4,4]"},
    {"FlattenOfUnknownSize",
     {-1, -1, 3},
     [](auto& model, auto& x) { Flatten(model, x); },
     "flatten needs an input whose sizes after the first are known, but \"image:0\" is [?,?,3]"},
    {"DropoutOfEverything",
     {-1, 4},
     [](auto& model, auto& x) { Dropout(model, x, 1.0f); },
     "the rate of dropout is 1: it must be in [0, 1)"},
    {"PoolingWindowOfZero",
     {-1, 4, 4, 1},
     [](auto& model, auto& x) { MaxPooling2D(model, x, {.pool_size = 0}); },
     "pool_size of max_pooling2d/MaxPool is 0: it must be at least 1"},
};

INSTANTIATE_TEST_SUITE_P(Layers, LayersBadInputTest, ::testing::ValuesIn(kBadInputs),
                         [](const auto& param) { return param.param.name; });

TEST(LayersTest, WhatFollowsAFailureDoesNothing) {
  tf::Graph graph;
  ModelBuilder model(&graph, {});
  tf::Output x = Conv2D(model, Image(model, {-1, 784}), {.filters = 2});
  x = MaxPooling2D(model, Relu(model.scope(), BatchNorm(model, x)));
  x = Dropout(model, Dense(model, Flatten(model, x), {.units = 2}), 0.5f);
  EXPECT_FALSE(x);
  EXPECT_THAT(graph.status().message(), HasSubstr("conv2d/Conv2D needs an input"));
}

}  // namespace
}  // namespace trainyard::train

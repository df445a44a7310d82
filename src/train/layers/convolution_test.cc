// Depthwise, separable, transposed and dilated convolutions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "train/layers.h"
#include "train/testing/gradient_check.h"
#include "train/testing/model_runner.h"

namespace trainyard::train {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::Pointwise;

tf::Output Image(ModelBuilder& model, const tf::Shape& shape) {
  return tf::Placeholder(model.scope(), tf::DataType::kFloat, shape, "image");
}

tf::Shape ShapeOf(const ModelBuilder& model, const tf::Output& y) {
  EXPECT_TRUE(model.graph().status().ok()) << model.graph().status();
  return y ? model.graph().OutputShape(y).value() : tf::Shape();
}

std::vector<std::string> VariablesOf(const ModelBuilder& model) {
  std::vector<std::string> variables;
  for (const Variable& variable : model.variables()) {
    variables.push_back(variable.name + " " + tf::ShapeToString(variable.shape));
  }
  return variables;
}

TEST(ConvolutionTest, VariablesHaveTensorFlowsNamesAndShapes) {
  tf::Graph graph;
  ModelBuilder model(&graph, {});
  const tf::Output x = Image(model, {-1, 8, 8, 3});
  DepthwiseConv2D(model, x, {.kernel_size = {3, 5}, .depth_multiplier = 2});
  SeparableConv2D(model, x, {.filters = 7, .depth_multiplier = 2});
  Conv2DTranspose(model, x, {.filters = 4, .kernel_size = 2});
  ASSERT_TRUE(graph.status().ok()) << graph.status();
  EXPECT_THAT(
      VariablesOf(model),
      ElementsAre("global_step []", "depthwise_conv2d/depthwise_kernel [3,5,3,2]",
                  "depthwise_conv2d/bias [6]", "separable_conv2d/depthwise_kernel [3,3,3,2]",
                  "separable_conv2d/pointwise_kernel [1,1,6,7]", "separable_conv2d/bias [7]",
                  "conv2d_transpose/kernel [2,2,4,3]", "conv2d_transpose/bias [4]"));
}

TEST(ConvolutionTest, ShapesFollowPaddingStridesAndDilation) {
  for (const Mode mode : {Mode::kTrain, Mode::kPredict}) {
    tf::Graph graph;
    ModelBuilder model(&graph, {.mode = mode});
    const tf::Output x = Image(model, {-1, 9, 12, 2});
    EXPECT_THAT(ShapeOf(model, DepthwiseConv2D(model, x, {.strides = 2})),
                ElementsAre(-1, 4, 5, 2));
    EXPECT_THAT(ShapeOf(model, SeparableConv2D(model, x, {.filters = 5, .dilation_rate = 2})),
                ElementsAre(-1, 5, 8, 5));
    EXPECT_THAT(ShapeOf(model, Conv2D(model, x, {.filters = 3, .dilation_rate = {2, 3}})),
                ElementsAre(-1, 5, 6, 3));
    EXPECT_THAT(
        ShapeOf(model,
                Conv2D(model, x, {.filters = 3, .padding = Padding::kSame, .dilation_rate = 4})),
        ElementsAre(-1, 9, 12, 3));
    EXPECT_THAT(ShapeOf(model, Conv2DTranspose(model, x, {.filters = 4, .strides = {2, 3}})),
                ElementsAre(-1, 19, 36, 4));
    EXPECT_THAT(
        ShapeOf(model,
                Conv2DTranspose(model, x, {.filters = 4, .strides = 2, .padding = Padding::kSame})),
        ElementsAre(-1, 18, 24, 4));
  }
}

// The same weights in training, which takes images apart, and in prediction, which does not.
std::vector<float> Dilated(Mode mode, const tf::Shape& known, Padding padding, Size2D rate) {
  const tf::Shape shape = {2, 7, 6, 2};
  tf::Graph graph;
  ModelBuilder model(&graph, {.mode = mode, .seed = 3});
  const tf::Output x = Image(model, known);
  const tf::Output y = Conv2D(model, x, {.filters = 3, .padding = padding, .dilation_rate = rate});
  ModelRunner run(model);
  const auto fed = tf::Tensor::FromValues<float>(shape, Spread(tf::NumElements(shape), 4));
  return run.Floats(y, {{x, &fed}});
}

TEST(ConvolutionTest, DilationInTrainingIsThatOfTheOperation) {
  for (const Padding padding : {Padding::kSame, Padding::kValid}) {
    for (const Size2D rate : {Size2D(2), Size2D(1, 2), Size2D(3, 2)}) {
      const auto expected = Dilated(Mode::kPredict, {-1, 7, 6, 2}, padding, rate);
      EXPECT_THAT(Dilated(Mode::kTrain, {-1, 7, 6, 2}, padding, rate),
                  Pointwise(FloatNear(1e-5f), expected));
      EXPECT_THAT(Dilated(Mode::kTrain, {-1, -1, -1, 2}, padding, rate),
                  Pointwise(FloatNear(1e-5f), expected));
    }
  }
}

TEST(ConvolutionTest, DepthwiseDilationSkipsPixels) {
  tf::Graph graph;
  ModelBuilder model(&graph, {.mode = Mode::kPredict});
  const tf::Output x = FloatsConst(model, {1, 1, 5, 1}, {1, 2, 4, 8, 16});
  const tf::Output y = DepthwiseConv2D(
      model, x, {.kernel_size = {1, 2}, .dilation_rate = {1, 2}, .depthwise_initializer = Ones()});
  ModelRunner run(model);
  EXPECT_THAT(run.Floats(y), ElementsAre(5, 10, 20));
}

TEST(ConvolutionTest, TransposedSpreadsEachPixel) {
  tf::Graph graph;
  ModelBuilder model(&graph, {});
  const tf::Output x = FloatsConst(model, {1, 1, 3, 1}, {1, 2, 4});
  const tf::Output y = Conv2DTranspose(model, x,
                                       {.filters = 1,
                                        .kernel_size = {1, 3},
                                        .strides = {1, 2},
                                        .kernel_initializer = Ones(),
                                        .bias_initializer = Constant(10)});
  ModelRunner run(model);
  EXPECT_THAT(run.Floats(y), ElementsAre(11, 11, 13, 12, 16, 14, 14));
}

TEST(ConvolutionTest, TransposedTakesImagesOfUnknownSize) {
  tf::Graph graph;
  ModelBuilder model(&graph, {});
  const tf::Output x = Image(model, {-1, -1, -1, 1});
  const tf::Output y = Conv2DTranspose(model, x, {.filters = 2, .strides = 2});
  EXPECT_THAT(ShapeOf(model, y), ElementsAre(-1, -1, -1, 2));
  ModelRunner run(model);
  const auto fed = tf::Tensor::FromValues<float>({1, 2, 3, 1}, Spread(6, 1));
  EXPECT_THAT(run.Fetch(y, {{x, &fed}}).shape(), ElementsAre(1, 5, 7, 2));
}

}  // namespace
}  // namespace trainyard::train

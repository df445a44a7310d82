// Inputs and options that no layer can take: each fails the graph with one clear line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "tf/ops.h"
#include "train/layers.h"

namespace trainyard::train {
namespace {

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
  const tf::Output image =
      tf::Placeholder(model.scope(), tf::DataType::kFloat, GetParam().shape, "image");
  GetParam().build(model, image);
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
    {"Conv2DWithStridesAndDilation",
     {-1, 8, 8, 1},
     [](auto& model, auto& x) {
       Conv2D(model, x, {.filters = 2, .strides = 2, .dilation_rate = 2});
     },
     "conv2d/Conv2D has strides and a dilation_rate: one of the two must be 1"},
    {"DepthwiseConv2DWithUnequalStrides",
     {-1, 8, 8, 1},
     [](auto& model, auto& x) { DepthwiseConv2D(model, x, {.strides = {1, 2}}); },
     "strides of depthwise_conv2d/DepthwiseConv2dNative are 1 and 2: they must be equal"},
    {"DepthwiseConv2DWithoutResults",
     {-1, 8, 8, 1},
     [](auto& model, auto& x) { DepthwiseConv2D(model, x, {.depth_multiplier = 0}); },
     "depth_multiplier of depthwise_conv2d/DepthwiseConv2dNative is 0: it must be at least 1"},
    {"SeparableConv2DWithoutFilters",
     {-1, 8, 8, 1},
     [](auto& model, auto& x) { SeparableConv2D(model, x, {}); },
     "filters of separable_conv2d/Conv2D is 0: it must be at least 1"},
    {"Conv2DTransposeOfVectors",
     {-1, 8},
     [](auto& model, auto& x) { Conv2DTranspose(model, x, {.filters = 1}); },
     "conv2d_transpose/Conv2DBackpropInput needs an input [batch,height,width,channels], but"
     " \"image:0\" is [?,8]"},
    {"BatchNormOfImpossibleMomentum",
     {-1, 4},
     [](auto& model, auto& x) { BatchNorm(model, x, {.momentum = 1.5f}); },
     "momentum of batch_normalization/FusedBatchNormV3 is 1.5: it must be in [0, 1]"},
    {"BatchNormWithoutEpsilon",
     {-1, 4},
     [](auto& model, auto& x) { BatchNorm(model, x, {.epsilon = 0}); },
     "epsilon of batch_normalization/FusedBatchNormV3 is 0: it must be above 0"},
    {"LayerNormOfUnknownWidth",
     {-1, -1},
     [](auto& model, auto& x) { LayerNorm(model, x); },
     "layer_normalization/LayerNorm needs an input [batch,...,features], but \"image:0\" is [?,?]"},
    {"GlobalPoolingOfVectors",
     {-1, 4},
     [](auto& model, auto& x) { GlobalMaxPooling2D(model, x); },
     "global_max_pooling2d/Max needs an input [batch,height,width,channels], but \"image:0\" is"
     " [?,4]"},
    {"ReshapeThatDoesNotFit",
     {-1, 10},
     [](auto& model, auto& x) { Reshape(model, x, {3, -1}); },
     "reshape/Reshape cannot give \"image:0\" [?,10] the shape [batch] and [3,?]"},
    {"ConcatenateOfOne",
     {-1, 4},
     [](auto& model, auto& x) { Concatenate(model, {x}); },
     "concatenate/ConcatV2 needs two inputs or more, got 1"},
    {"ZeroPaddingOfLessThanNothing",
     {-1, 4, 4, 1},
     [](auto& model, auto& x) { ZeroPadding2D(model, x, {.left = -1}); },
     "left of zero_padding2d/Pad is -1: it must be at least 0"},
    {"ResidualOfUnrelatedShapes",
     {-1, 4},
     [](auto& model, auto& x) { Residual(model, x, Dense(model, x, {.units = 3})); },
     "residual/AddV2 cannot project \"image:0\" [?,4] to the shape of \"dense/BiasAdd:0\" [?,3]"},
    {"LogSoftmaxOfUnknownWidth",
     {-1, 2, -1},
     [](auto& model, auto& x) { LogSoftmax(model.scope(), x); },
     "LogSoftmax needs an input whose last size is known, but \"image:0\" is [?,2,?]"},
    {"DropoutOfAnotherRank",
     {-1, 4},
     [](auto& model, auto& x) { Dropout(model, x, {.noise_shape = {-1, 1, 1}}); },
     "the noise_shape [?,1,1] of dropout must have a -1 or 1 for each dimension of \"image:0\""
     " [?,4]"},
};

INSTANTIATE_TEST_SUITE_P(Layers, LayersBadInputTest, ::testing::ValuesIn(kBadInputs),
                         [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace trainyard::train

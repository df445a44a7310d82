// The gradients of layers beyond the basic ones (gradient_check_test.cc has those).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "train/layers.h"
#include "train/testing/gradient_check.h"

namespace trainyard::train {
namespace {

class LayersGradientTest : public ::testing::TestWithParam<GradientCase> {};

TEST_P(LayersGradientTest, AgreesWithCentralDifferences) { CheckGradients(GetParam()); }

GradientCase Elementwise(const std::string& name, Activation activation) {
  return {name, {3, 4}, [=](auto& model, auto& x) { return activation(model.scope(), x); }};
}

const std::vector<GradientCase> kActivations = {
    Elementwise("Relu6",
                [](auto& scope, auto& x) {
                  return Relu6(scope, tf::Mul(scope, x, tf::Const(scope, 20.0f)));
                }),
    Elementwise("LeakyRelu", LeakyRelu),
    Elementwise("Elu", Elu),
    Elementwise("Selu", Selu),
    Elementwise("Gelu", Gelu),
    Elementwise("GeluTanh", GeluTanh),
    Elementwise("Swish", Swish),
    Elementwise("Softplus", Softplus),
    Elementwise("Softsign", Softsign),
    Elementwise("HardSigmoid", HardSigmoid),
    Elementwise("LogSoftmax", LogSoftmax),
    {"SoftmaxOfRankThree",
     {2, 3, 4},
     [](auto& model, auto& x) { return Softmax(model.scope(), x); }},
    {"LogSoftmaxOfRankThree",
     {2, 3, 4},
     [](auto& model, auto& x) { return LogSoftmax(model.scope(), x); }},
    {"LogSoftmaxOfRankOne", {4}, [](auto& model, auto& x) { return LogSoftmax(model.scope(), x); }},
};

const std::vector<GradientCase> kConvolutions = {
    {"Conv2DDilatedSame",
     {1, 5, 6, 2},
     [](auto& model, auto& x) {
       return Conv2D(model, x, {.filters = 2, .padding = Padding::kSame, .dilation_rate = {2, 3}});
     }},
    {"Conv2DDilatedValid",
     {2, 6, 5, 1},
     [](auto& model, auto& x) {
       return Conv2D(model, x, {.filters = 2, .kernel_size = {2, 3}, .dilation_rate = 2});
     }},
    {"DepthwiseConv2D",
     {1, 4, 5, 2},
     [](auto& model, auto& x) {
       return DepthwiseConv2D(model, x, {.padding = Padding::kSame, .depth_multiplier = 2});
     }},
    {"DepthwiseConv2DWithStrides",
     {1, 5, 5, 3},
     [](auto& model, auto& x) {
       return DepthwiseConv2D(model, x, {.kernel_size = {3, 2}, .strides = 2});
     }},
    {"DepthwiseConv2DDilated",
     {1, 5, 6, 2},
     [](auto& model, auto& x) {
       return DepthwiseConv2D(model, x, {.padding = Padding::kSame, .dilation_rate = 2});
     }},
    {"SeparableConv2D",
     {1, 4, 4, 2},
     [](auto& model, auto& x) {
       return SeparableConv2D(model, x,
                              {.filters = 3, .padding = Padding::kSame, .depth_multiplier = 2});
     }},
    {"Conv2DTransposeSame",
     {1, 3, 2, 2},
     [](auto& model, auto& x) {
       return Conv2DTranspose(model, x, {.filters = 3, .strides = 2, .padding = Padding::kSame});
     }},
    {"Conv2DTransposeValid",
     {2, 3, 2, 1},
     [](auto& model, auto& x) {
       return Conv2DTranspose(model, x, {.filters = 2, .kernel_size = {3, 2}, .strides = {2, 3}});
     }},
};

const std::vector<GradientCase> kOthers = {
    {"BatchNormWithoutScaleAndCenter",
     {2, 2, 3, 2},
     [](auto& model, auto& x) { return BatchNorm(model, x, {.center = false, .scale = false}); }},
    {"BatchNormFrozen",
     {2, 2, 3, 2},
     [](auto& model, auto& x) {
       return BatchNorm(model, x,
                        {.trainable = false,
                         .gamma_initializer = Constant(2),
                         .moving_mean_initializer = Constant(0.5f),
                         .moving_variance_initializer = Constant(3)});
     }},
    {"LayerNormOfVectors", {3, 4}, [](auto& model, auto& x) { return LayerNorm(model, x); }},
    {"LayerNormOfImages", {2, 2, 2, 3}, [](auto& model, auto& x) { return LayerNorm(model, x); }},
    {"GlobalAveragePooling2D",
     {2, 3, 2, 2},
     [](auto& model, auto& x) { return GlobalAveragePooling2D(model, x); }},
    {"GlobalMaxPooling2D",
     {2, 3, 2, 2},
     [](auto& model, auto& x) { return GlobalMaxPooling2D(model, x, {.keepdims = true}); }},
    {"ZeroPadding2D",
     {1, 2, 3, 2},
     [](auto& model, auto& x) { return ZeroPadding2D(model, x, {.top = 2, .right = 0}); }},
    {"Reshape", {2, 6}, [](auto& model, auto& x) { return Reshape(model, x, {3, -1}); }},
    {"Concatenate",
     {2, 3},
     [](auto& model, auto& x) {
       return Concatenate(model, {x, Dense(model, x, {.units = 2}), Tanh(model.scope(), x)});
     }},
    {"ConcatenateMany",
     {2, 3},
     [](auto& model, auto& x) {
       std::vector<tf::Output> parts;
       for (int i = 0; i < 12; ++i) {
         parts.push_back(
             tf::Mul(model.scope(), x, tf::Const(model.scope(), static_cast<float>(i) - 5.5f)));
       }
       return Concatenate(model, parts);
     }},
    {"ResidualOfTheSameShape",
     {1, 3, 3, 2},
     [](auto& model, auto& x) {
       return Residual(model, x, Conv2D(model, x, {.filters = 2, .padding = Padding::kSame}),
                       {.activation = Tanh});
     }},
    {"ResidualProjected",
     {1, 4, 4, 2},
     [](auto& model, auto& x) {
       return Residual(model, x,
                       Conv2D(model, x, {.filters = 3, .strides = 2, .padding = Padding::kSame}),
                       {.activation = Tanh});
     }},
};

const auto kName = [](const auto& param) { return param.param.name; };
INSTANTIATE_TEST_SUITE_P(Activations, LayersGradientTest, ::testing::ValuesIn(kActivations), kName);
INSTANTIATE_TEST_SUITE_P(Convolutions, LayersGradientTest, ::testing::ValuesIn(kConvolutions),
                         kName);
INSTANTIATE_TEST_SUITE_P(Others, LayersGradientTest, ::testing::ValuesIn(kOthers), kName);

}  // namespace
}  // namespace trainyard::train

// Every layer's and loss's gradient, as TensorFlow derives it, against central differences.
#include "train/testing/gradient_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "train/layers.h"
#include "train/losses.h"

namespace trainyard::train {
namespace {

class GradientCheckTest : public ::testing::TestWithParam<GradientCase> {};

TEST_P(GradientCheckTest, AgreesWithCentralDifferences) { CheckGradients(GetParam()); }

tf::Output Digits(ModelBuilder& model) {
  return tf::Const(model.scope(), tf::Tensor::FromVector<int32_t>({2, 0, 1, 2}));
}

const std::vector<GradientCase> kCases = {
    {"Relu", {3, 4}, [](auto& model, auto& x) { return Relu(model.scope(), x); }},
    {"Sigmoid", {3, 4}, [](auto& model, auto& x) { return Sigmoid(model.scope(), x); }},
    {"Tanh", {3, 4}, [](auto& model, auto& x) { return Tanh(model.scope(), x); }},
    {"Softmax", {3, 4}, [](auto& model, auto& x) { return Softmax(model.scope(), x); }},
    {"Dense", {3, 4}, [](auto& model, auto& x) { return Dense(model, x, {.units = 2}); }},
    {"DenseWithActivation",
     {3, 4},
     [](auto& model, auto& x) { return Dense(model, x, {.units = 2, .activation = Tanh}); }},
    {"Flatten", {2, 2, 3}, [](auto& model, auto& x) { return Flatten(model, x); }},
    {"Conv2DSame",
     {2, 4, 3, 2},
     [](auto& model, auto& x) {
       return Conv2D(model, x, {.filters = 2, .kernel_size = 3, .padding = Padding::kSame});
     }},
    {"Conv2DValidWithStrides",
     {1, 5, 6, 2},
     [](auto& model, auto& x) {
       return Conv2D(model, x, {.filters = 2, .kernel_size = {2, 3}, .strides = {1, 2}});
     }},
    {"MaxPooling2D", {1, 4, 4, 2}, [](auto& model, auto& x) { return MaxPooling2D(model, x); }},
    {"MaxPooling2DOverlapping",
     {1, 4, 4, 1},
     [](auto& model, auto& x) {
       return MaxPooling2D(model, x,
                           {.pool_size = 3, .strides = Size2D(1), .padding = Padding::kSame});
     }},
    {"AveragePooling2D",
     {1, 4, 4, 2},
     [](auto& model, auto& x) { return AveragePooling2D(model, x); }},
    {"BatchNormOfImages", {2, 2, 3, 2}, [](auto& model, auto& x) { return BatchNorm(model, x); }},
    {"BatchNormOfVectors", {6, 2}, [](auto& model, auto& x) { return BatchNorm(model, x); }},
    {"SoftmaxCrossEntropy",
     {4, 3},
     [](auto& model, auto& x) { return SoftmaxCrossEntropy(model, Digits(model), x); }},
    {"MeanSquaredError",
     {4, 3},
     [](auto& model, auto& x) {
       return MeanSquaredError(model, FloatsConst(model, {4, 3}, Spread(12, 5)), x);
     }},
};

INSTANTIATE_TEST_SUITE_P(Layers, GradientCheckTest, ::testing::ValuesIn(kCases),
                         [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace trainyard::train

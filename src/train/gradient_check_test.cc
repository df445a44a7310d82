// Every layer's and loss's gradient, as TensorFlow derives it, against central differences.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <random>

#include "train/layers.h"
#include "train/losses.h"
#include "train/testing/model_runner.h"

namespace trainyard::train {
namespace {

constexpr float kStep = 0.01f;

// Distinct values, none nearer to 0 than 0.03 or to another than 0.06: a step of kStep crosses no
// kink of ReLU or max pooling.
std::vector<float> Spread(int64_t count, uint64_t seed) {
  std::vector<float> values(static_cast<size_t>(count));
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = 0.06f * (static_cast<float>(i) - static_cast<float>(count / 2)) + 0.03f;
  }
  std::shuffle(values.begin(), values.end(), std::mt19937_64(seed));
  return values;
}

struct Case {
  std::string name;
  tf::Shape input;
  std::function<tf::Output(ModelBuilder&, const tf::Output&)> build;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

class GradientCheckTest : public ::testing::TestWithParam<Case> {
 protected:
  // d loss / d x by feeding x with one element moved each way.
  std::vector<float> Numeric(ModelRunner& run, const tf::Output& loss, const tf::Output& x,
                             const tf::Shape& shape, const std::vector<float>& at) {
    std::vector<float> derivatives;
    for (size_t i = 0; i < at.size(); ++i) {
      float moved[2];
      for (int side = 0; side < 2; ++side) {
        std::vector<float> values = at;
        values[i] += side == 0 ? -kStep : kStep;
        const auto fed = tf::Tensor::FromValues<float>(shape, values);
        moved[side] = run.Float(loss, {{x, &fed}});
      }
      derivatives.push_back((moved[1] - moved[0]) / (2 * kStep));
    }
    return derivatives;
  }
};

TEST_P(GradientCheckTest, AgreesWithCentralDifferences) {
  const Case& c = GetParam();
  tf::Graph graph;
  ModelBuilder model(&graph, {.seed = 3});
  const tf::Output x = FloatsConst(model, c.input, Spread(tf::NumElements(c.input), 1));
  const tf::Output y = c.build(model, x);
  ASSERT_TRUE(graph.status().ok()) << graph.status();
  const tf::Shape shape = graph.OutputShape(y).value();
  // Weights make every element of y count differently.
  const tf::Output loss = tf::Sum(
      model.scope(),
      tf::Mul(model.scope(), y, FloatsConst(model, shape, Spread(tf::NumElements(shape), 2))));

  std::vector<tf::Output> points = {x};
  std::vector<tf::Shape> shapes = {c.input};
  for (const Variable* variable : model.trainable_variables()) {
    points.push_back(variable->value);
    shapes.push_back(variable->shape);
  }
  const std::vector<tf::Output> gradients = graph.AddGradients(loss, points);
  ModelRunner run(model);
  for (size_t p = 0; p < points.size(); ++p) {
    const std::vector<float> analytic = run.Floats(gradients[p]);
    const std::vector<float> numeric =
        Numeric(run, loss, points[p], shapes[p], run.Floats(points[p]));
    ASSERT_EQ(analytic.size(), numeric.size());
    float largest = 0.1f;
    for (const float value : numeric) largest = std::max(largest, std::fabs(value));
    for (size_t i = 0; i < analytic.size(); ++i) {
      EXPECT_NEAR(analytic[i], numeric[i], 0.01f * largest)
          << c.name << ", " << tf::OutputName(points[p]) << ", element " << i;
    }
  }
}

tf::Output Digits(ModelBuilder& model) {
  return tf::Const(model.scope(), tf::Tensor::FromVector<int32_t>({2, 0, 1, 2}));
}

const std::vector<Case> kCases = {
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

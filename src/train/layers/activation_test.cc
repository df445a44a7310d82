#include "train/layers/activation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "train/testing/model_runner.h"

namespace trainyard::train {
namespace {

using ::testing::FloatNear;
using ::testing::Pointwise;

const std::vector<double> kPoints = {-8, -3, -1, -0.25, 0, 0.25, 1, 3, 8};

struct Definition {
  std::string name;
  Activation activation;
  double (*formula)(double);
};

void PrintTo(const Definition& definition, std::ostream* out) { *out << definition.name; }

class ActivationTest : public ::testing::TestWithParam<Definition> {};

TEST_P(ActivationTest, IsItsFormula) {
  tf::Graph graph;
  ModelBuilder model(&graph, {});
  std::vector<float> points;
  std::vector<float> expected;
  for (const double x : kPoints) {
    points.push_back(static_cast<float>(x));
    expected.push_back(static_cast<float>(GetParam().formula(x)));
  }
  const tf::Output y = GetParam().activation(model.scope(), FloatsConst(model, {3, 3}, points));
  ModelRunner run(model);
  EXPECT_THAT(run.Floats(y), Pointwise(FloatNear(2e-6f), expected));
}

constexpr double kSeluScale = 1.0507009873554805;
constexpr double kSeluAlpha = 1.6732632423543772;

const std::vector<Definition> kDefinitions = {
    {"Relu", Relu, [](double x) { return std::max(x, 0.0); }},
    {"Relu6", Relu6, [](double x) { return std::min(std::max(x, 0.0), 6.0); }},
    {"LeakyRelu", LeakyRelu, [](double x) { return x > 0 ? x : 0.2 * x; }},
    {"LeakyReluOfAnotherSlope",
     [](const tf::Scope& scope, const tf::Output& x) { return LeakyRelu(scope, x, 0.5f); },
     [](double x) { return x > 0 ? x : 0.5 * x; }},
    {"Elu", Elu, [](double x) { return x > 0 ? x : std::expm1(x); }},
    {"Selu", Selu, [](double x) { return kSeluScale * (x > 0 ? x : kSeluAlpha * std::expm1(x)); }},
    {"Gelu", Gelu, [](double x) { return x * 0.5 * std::erfc(-x / std::sqrt(2.0)); }},
    {"GeluTanh", GeluTanh,
     [](double x) {
       return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
     }},
    {"Swish", Swish, [](double x) { return x / (1 + std::exp(-x)); }},
    {"Softplus", Softplus, [](double x) { return std::log1p(std::exp(x)); }},
    {"Softsign", Softsign, [](double x) { return x / (1 + std::fabs(x)); }},
    {"Sigmoid", Sigmoid, [](double x) { return 1 / (1 + std::exp(-x)); }},
    {"HardSigmoid", HardSigmoid, [](double x) { return std::min(std::max(x + 3, 0.0), 6.0) / 6; }},
    {"Tanh", Tanh, [](double x) { return std::tanh(x); }},
};

INSTANTIATE_TEST_SUITE_P(All, ActivationTest, ::testing::ValuesIn(kDefinitions),
                         [](const auto& param) { return param.param.name; });

TEST(LogSoftmaxTest, IsTheLogarithmOfSoftmaxForEveryRank) {
  for (const tf::Shape& shape : {tf::Shape{8}, {2, 4}, {2, 2, 2}}) {
    tf::Graph graph;
    ModelBuilder model(&graph, {});
    const tf::Output x = FloatsConst(model, shape, {-50, 1, 2, 3, 0.5f, 4, -1, 60});
    const tf::Output log = LogSoftmax(model.scope(), x);
    const tf::Output softmax = Softmax(model.scope(), x);
    EXPECT_EQ(graph.OutputShape(log).value(), shape);
    ModelRunner run(model);
    std::vector<float> logs;
    for (const float p : run.Floats(softmax)) {
      if (p > 1e-30f) logs.push_back(std::log(p));
    }
    std::vector<float> values;
    for (const float value : run.Floats(log)) {
      if (value > std::log(1e-30f)) values.push_back(value);
    }
    EXPECT_THAT(values, Pointwise(FloatNear(1e-5f), logs)) << tf::ShapeToString(shape);
  }
}

}  // namespace
}  // namespace trainyard::train

// Every loss's gradient, as built for training, against central differences of its value.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "train/losses.h"
#include "train/testing/model_runner.h"

namespace trainyard::train {
namespace {

constexpr float kStep = 0.01f;
// Nowhere near a kink of the losses below.
const std::vector<float> kPredictions = {0.3f, -1.7f, 2.4f, 0.9f, -0.4f, 1.6f};
const std::vector<float> kOnes = {1, 0, 0, 0, 1, 1};

struct Case {
  std::string name;
  std::function<tf::Output(ModelBuilder&, const tf::Output& predictions)> build;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

class LossGradientTest : public ::testing::TestWithParam<Case> {};

TEST_P(LossGradientTest, AgreesWithCentralDifferences) {
  tf::Graph graph;
  ModelBuilder model(&graph, {});
  const tf::Output x = FloatsConst(model, {2, 3}, kPredictions);
  const tf::Output loss = GetParam().build(model, x);
  const std::vector<tf::Output> gradient = graph.AddGradients(loss, {x});
  ASSERT_TRUE(graph.status().ok()) << graph.status();
  ModelRunner run(model);
  const std::vector<float> analytic = run.Floats(gradient[0]);
  for (size_t i = 0; i < kPredictions.size(); ++i) {
    float side[2];
    for (int s = 0; s < 2; ++s) {
      std::vector<float> moved = kPredictions;
      moved[i] += s == 0 ? -kStep : kStep;
      const auto fed = tf::Tensor::FromValues<float>({2, 3}, moved);
      side[s] = run.Float(loss, {{x, &fed}});
    }
    EXPECT_NEAR(analytic[i], (side[1] - side[0]) / (2 * kStep), 0.002) << i;
  }
}

tf::Output Classes(const ModelBuilder& model) {
  return tf::Const(model.scope(), tf::Tensor::FromVector<int32_t>({2, 0}));
}
tf::Output Floats(const ModelBuilder& model) { return FloatsConst(model, {2, 3}, kOnes); }
tf::Output Weights(const ModelBuilder& model) { return FloatsConst(model, {2}, {0.5f, 3}); }

const std::vector<Case> kCases = {
    {"SparseSoftmax", [](auto& m, auto& x) { return SoftmaxCrossEntropy(m, Classes(m), x); }},
    {"SparseSoftmaxWeighted",
     [](auto& m, auto& x) {
       return SoftmaxCrossEntropy(m, Classes(m), x, {.weights = Weights(m)});
     }},
    {"SparseSoftmaxSmoothed",
     [](auto& m, auto& x) {
       return SoftmaxCrossEntropy(m, Classes(m), x, {.label_smoothing = 0.2});
     }},
    {"Softmax",
     [](auto& m, auto& x) {
       return SoftmaxCrossEntropy(m, FloatsConst(m, {2, 3}, {0.2f, 0.3f, 0.5f, 1, 0, 0}), x);
     }},
    {"Sigmoid",
     [](auto& m, auto& x) {
       return SigmoidCrossEntropy(m, Floats(m), x, {.label_smoothing = 0.1, .weights = Weights(m)});
     }},
    {"MeanSquaredError", [](auto& m, auto& x) { return MeanSquaredError(m, Floats(m), x); }},
    {"MeanAbsoluteError", [](auto& m, auto& x) { return MeanAbsoluteError(m, Floats(m), x); }},
    {"Huber", [](auto& m, auto& x) { return Huber(m, Floats(m), x, {.delta = 1.2}); }},
    {"Hinge", [](auto& m, auto& x) { return Hinge(m, Floats(m), x); }},
    {"MeanWithSampleWeight",
     [](auto& m, auto& x) {
       return MeanSquaredError(
           m, Floats(m), x, {.weights = Weights(m), .reduction = Reduction::kMeanWithSampleWeight});
     }},
};

INSTANTIATE_TEST_SUITE_P(Losses, LossGradientTest, ::testing::ValuesIn(kCases),
                         [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace trainyard::train

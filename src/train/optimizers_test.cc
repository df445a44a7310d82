#include "train/optimizers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "train/initializers.h"
#include "train/testing/model_runner.h"

namespace trainyard::train {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

// loss = sum(w^2) for w = {1, -2}: the gradient is 2w.
struct Quadratic {
  explicit Quadratic(const Optimizer& optimizer, const ModelBuilder::Options& options = {})
      : model(&graph, options) {
    w = &model.AddVariable("w", {2}, [](const tf::Scope& scope, const tf::Shape&, Seed) {
      return tf::Const(scope, tf::Tensor::FromVector<float>({1, -2}));
    });
    loss = tf::Sum(model.scope(), tf::Mul(model.scope(), w->value, w->value));
    train_op = Minimize(model, loss, optimizer);
  }
  std::vector<float> After(int steps) {
    ModelRunner run(model);
    for (int i = 0; i < steps; ++i) run.Run(train_op);
    EXPECT_EQ(run.Fetch(model.global_step().value).scalar<int64_t>(), steps);
    return run.Floats(w->value);
  }

  tf::Graph graph;
  ModelBuilder model;
  const Variable* w;
  tf::Output loss;
  tf::Operation train_op;
};

void ExpectNear(const std::vector<float>& actual, const std::vector<double>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) EXPECT_NEAR(actual[i], expected[i], 1e-5) << i;
}

TEST(OptimizersTest, GradientDescentSubtractsRateTimesGradient) {
  for (const int steps : {1, 3}) {
    std::vector<double> w = {1, -2};
    for (int t = 0; t < steps; ++t) {
      for (double& x : w) x -= 0.1 * 2 * x;
    }
    ExpectNear(Quadratic(GradientDescent({.learning_rate = 0.1})).After(steps), w);
  }
}

TEST(OptimizersTest, MomentumAccumulates) {
  for (const bool nesterov : {false, true}) {
    for (const int steps : {1, 3}) {
      std::vector<double> w = {1, -2};
      std::vector<double> accumulator = {0, 0};
      for (int t = 0; t < steps; ++t) {
        for (size_t i = 0; i < w.size(); ++i) {
          const double g = 2 * w[i];
          accumulator[i] = 0.5 * accumulator[i] + g;
          w[i] -= 0.1 * (nesterov ? g + 0.5 * accumulator[i] : accumulator[i]);
        }
      }
      const Momentum optimizer({.learning_rate = 0.1, .momentum = 0.5f, .use_nesterov = nesterov});
      ExpectNear(Quadratic(optimizer).After(steps), w);
    }
  }
}

TEST(OptimizersTest, AdamFollowsItsFormula) {
  for (const int steps : {1, 3}) {
    std::vector<double> w = {1, -2};
    std::vector<double> m = {0, 0};
    std::vector<double> v = {0, 0};
    for (int t = 1; t <= steps; ++t) {
      const double rate = 0.1 * std::sqrt(1 - std::pow(0.99, t)) / (1 - std::pow(0.8, t));
      for (size_t i = 0; i < w.size(); ++i) {
        const double g = 2 * w[i];
        m[i] = 0.8 * m[i] + 0.2 * g;
        v[i] = 0.99 * v[i] + 0.01 * g * g;
        w[i] -= rate * m[i] / (std::sqrt(v[i]) + 1e-3);
      }
    }
    const Adam optimizer({.learning_rate = 0.1, .beta1 = 0.8f, .beta2 = 0.99f, .epsilon = 1e-3f});
    ExpectNear(Quadratic(optimizer).After(steps), w);
  }
}

TEST(OptimizersTest, AdamsSlotsAreNamedAsInTensorFlowsCheckpoints) {
  Quadratic quadratic{Adam({})};
  std::vector<std::string> names;
  for (const Variable& variable : quadratic.model.variables()) names.push_back(variable.name);
  EXPECT_THAT(names, UnorderedElementsAre("global_step", "w", "beta1_power", "beta2_power",
                                          "w/Adam", "w/Adam_1"));
  EXPECT_EQ(quadratic.model.trainable_variables().size(), 1u);
}

TEST(OptimizersTest, AdamMultipliesItsPowersOncePerStep) {
  Quadratic quadratic{Adam({})};
  ModelRunner run(quadratic.model);
  run.Run(quadratic.train_op);
  EXPECT_NEAR(run.Float(quadratic.graph.FindOutput("beta1_power/Read/ReadVariableOp")), 0.81, 1e-6);
  EXPECT_NEAR(run.Float(quadratic.graph.FindOutput("beta2_power/Read/ReadVariableOp")), 0.998001,
              1e-6);
}

TEST(OptimizersTest, TheRateFollowsTheGlobalStep) {
  // 0.1 in step 0, 0.05 in step 1, 0.025 in step 2.
  const std::vector<float> w =
      Quadratic(GradientDescent({.learning_rate = ExponentialDecay(0.1, 1, 0.5)})).After(3);
  EXPECT_NEAR(w[0], 0.8 * 0.9 * 0.95, 1e-6);
}

TEST(OptimizersTest, UpdatesRunWithTheVariablesTheyChange) {
  const GradientDescent descent({});
  const Momentum momentum({});
  const Adam adam({});
  const std::pair<const Optimizer*, std::string> cases[] = {
      {&descent, "train/w/ResourceApplyGradientDescent"},
      {&momentum, "train/w/ResourceApplyMomentum"},
      {&adam, "train/w/ResourceApplyAdam"}};
  for (const auto& [optimizer, update] : cases) {
    const Quadratic quadratic(*optimizer,
                              {.num_ps_tasks = 2, .compute_device = "/job:worker/task:0"});
    ASSERT_TRUE(quadratic.graph.status().ok()) << quadratic.graph.status();
    EXPECT_EQ(tf::OperationDevice(quadratic.graph.FindOperation(update)), "/job:ps/task:1");
    // The global step's own.
    EXPECT_EQ(tf::OperationDevice(quadratic.train_op), "/job:ps/task:0");
  }
}

TEST(MinimizeTest, SummarisesLossAndRateAndRunsTheModelsUpdates) {
  tf::Graph graph;
  ModelBuilder model(&graph, {});
  const Variable& w = model.AddVariable("w", {}, Ones());
  const Variable& counter = model.AddVariable("counter", {}, Zeros(), {.trainable = false});
  model.AddUpdate(model.scope()
                      .Op("AssignAddVariableOp")
                      .In(counter.handle)
                      .In(tf::Const(model.scope(), 1.0f))
                      .Finish());
  const tf::Output loss = tf::Mul(model.scope(), w.value, w.value);
  const tf::Operation train_op = Minimize(model, loss, GradientDescent({.learning_rate = 0.25}));
  ModelRunner run(model);
  run.Run(train_op);
  run.Run(train_op);
  EXPECT_EQ(run.Float(counter.value), 2);
  std::vector<std::string> tags;
  for (const auto& [tag, value] : model.scalar_summaries()) tags.push_back(tag);
  EXPECT_THAT(tags, ElementsAre("loss", "learning_rate"));
  EXPECT_EQ(run.Float(model.scalar_summaries()[1].second), 0.25f);
}

TEST(MinimizeTest, AVariableTheLossDoesNotDependOnFailsAndIsNamed) {
  tf::Graph graph;
  ModelBuilder model(&graph, {});
  const Variable& used = model.AddVariable("used", {}, Ones());
  model.AddVariable("unused", {}, Ones());
  const tf::Output loss = tf::Mul(model.scope(), used.value, used.value);
  EXPECT_EQ(Minimize(model, loss, Adam({})), nullptr);
  EXPECT_THAT(graph.status().message(), HasSubstr("unused/Read/ReadVariableOp"));
}

TEST(MinimizeTest, NothingToTrainFails) {
  tf::Graph graph;
  ModelBuilder model(&graph, {});
  EXPECT_EQ(Minimize(model, tf::Const(model.scope(), 1.0f), Adam({})), nullptr);
  EXPECT_THAT(graph.status().message(), HasSubstr("no trainable variable"));
}

}  // namespace
}  // namespace trainyard::train

// Minimize: the step around an optimizer's rule.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "train/initializers.h"
#include "train/optimizers.h"
#include "train/testing/quadratic.h"

namespace trainyard::train {
namespace {

using ::testing::ElementsAre;
using testing::ExpectNear;
using ::testing::HasSubstr;
using testing::Quadratic;
using testing::Values;

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

TEST(MinimizeTest, GradientsAreClippedByValueByNormOrByGlobalNorm) {
  const GradientDescent descent({.learning_rate = 1});
  // The gradient is {2, -4}, of norm sqrt(20).
  const double root = std::sqrt(20);
  ExpectNear(Quadratic(descent, {.clip_value = 3}).After(1), {1 - 2, -2 + 3});
  ExpectNear(Quadratic(descent, {.clip_norm = 1}).After(1), {1 - 2 / root, -2 + 4 / root});
  ExpectNear(Quadratic(descent, {.clip_global_norm = 1}).After(1), {1 - 2 / root, -2 + 4 / root});
  ExpectNear(Quadratic(descent, {.clip_norm = 5}).After(1), {1 - 2, -2 + 4});
  ExpectNear(Quadratic(descent, {.clip_global_norm = 5}).After(1), {1 - 2, -2 + 4});
}

// Two variables whose gradients are 3 and 4, and x times that.
struct TwoVariables {
  explicit TwoVariables(const MinimizeOptions& options) : model(&graph, {}) {
    a = &model.AddVariable("a", {}, Zeros());
    b = &model.AddVariable("b", {}, Zeros());
    x = tf::Placeholder(model.scope(), tf::DataType::kFloat, {}, "x");
    const tf::Output both =
        tf::Add(model.scope(), tf::Mul(model.scope(), a->value, tf::Const(model.scope(), 3.0f)),
                tf::Mul(model.scope(), b->value, tf::Const(model.scope(), 4.0f)));
    train_op = Minimize(model, tf::Mul(model.scope(), x, both),
                        GradientDescent({.learning_rate = 1}), options);
  }
  tf::Graph graph;
  ModelBuilder model;
  const Variable* a;
  const Variable* b;
  tf::Output x;
  tf::Operation train_op;
};

TEST(MinimizeTest, TheGlobalNormIsThatOfAllGradientsTogether) {
  TwoVariables two({.clip_global_norm = 1});
  ModelRunner run(two.model);
  const auto x = tf::Tensor::Scalar(1.0f);
  run.Run(two.train_op, {{two.x, &x}});
  EXPECT_NEAR(run.Float(two.a->value), -0.6, 1e-6);
  EXPECT_NEAR(run.Float(two.b->value), -0.8, 1e-6);
}

TEST(MinimizeTest, ClippingByGlobalNormDoesNotHideWhatIsNotFinite) {
  TwoVariables two({.clip_global_norm = 1});
  ModelRunner run(two.model);
  const auto x = tf::Tensor::Scalar(std::numeric_limits<float>::infinity());
  run.Run(two.train_op, {{two.x, &x}});
  EXPECT_TRUE(std::isnan(run.Float(two.a->value)));
}

TEST(MinimizeTest, AccumulationUpdatesOnceForSoManyRunsWithTheMean) {
  TwoVariables two({.gradient_accumulation_steps = 3});
  ModelRunner run(two.model);
  const std::vector<float> xs = {1, 2, 6, 10, 20, 30};
  for (size_t i = 0; i < xs.size(); ++i) {
    const auto x = tf::Tensor::Scalar(xs[i]);
    run.Run(two.train_op, {{two.x, &x}});
    const auto updates = static_cast<int64_t>((i + 1) / 3);
    EXPECT_EQ(run.Fetch(two.model.global_step().value).scalar<int64_t>(), updates);
    const double mean = (updates > 0 ? 3 : 0) + (updates > 1 ? 20 : 0);
    EXPECT_NEAR(run.Float(two.a->value), -3 * mean, 1e-4);
  }
}

TEST(MinimizeTest, AccumulationLeavesAdamsPowersWeightDecayAndAveragesForTheUpdate) {
  const Adam adam({.learning_rate = 0.1});
  const MinimizeOptions once{.weight_decay = 0.1, .moving_average_decay = 0.5};
  MinimizeOptions twice = once;
  twice.gradient_accumulation_steps = 2;
  Quadratic plain(adam, once);
  Quadratic accumulated(adam, twice);
  ModelRunner run_plain(plain.model);
  ModelRunner run_accumulated(accumulated.model);
  for (int i = 0; i < 3; ++i) {
    run_plain.Run(plain.train_op);
    // Twice the same gradient, whose mean is itself.
    run_accumulated.Run(accumulated.train_op);
    run_accumulated.Run(accumulated.train_op);
  }
  for (const Variable& variable : plain.model.variables()) {
    if (variable.dtype != tf::DataType::kFloat) continue;
    const tf::Output same = accumulated.graph.FindOutput(variable.name + "/Read/ReadVariableOp");
    EXPECT_EQ(run_plain.Floats(variable.value), run_accumulated.Floats(same)) << variable.name;
  }
}

TEST(MinimizeTest, AccumulationRunsTheModelsOwnUpdatesEveryTime) {
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
  const tf::Operation train_op =
      Minimize(model, loss, GradientDescent({}), {.gradient_accumulation_steps = 4});
  ModelRunner run(model);
  for (int i = 0; i < 5; ++i) run.Run(train_op);
  EXPECT_EQ(run.Float(counter.value), 5);
  EXPECT_EQ(run.Fetch(model.global_step().value).scalar<int64_t>(), 1);
}

TEST(MinimizeTest, WeightDecayShrinksAllButTheExcluded) {
  const GradientDescent descent({.learning_rate = 0.1});
  ExpectNear(Quadratic(descent, {.weight_decay = 0.5}).After(1), {1 - 0.05 - 0.2, -2 + 0.1 + 0.4});
  ExpectNear(Quadratic(descent, {.weight_decay = 0.5, .exclude_from_weight_decay = {"bias", "w"}})
                 .After(1),
             {1 - 0.2, -2 + 0.4});
}

TEST(MinimizeTest, AveragesBeginWithTheFirstValueAndFollowTheUpdates) {
  Quadratic quadratic(GradientDescent({.learning_rate = 0.1}), {.moving_average_decay = 0.9});
  ModelRunner run(quadratic.model);
  const tf::Output average =
      quadratic.graph.FindOutput("w/ExponentialMovingAverage/Read/ReadVariableOp");
  ExpectNear(run.Floats(average), {1, -2});
  run.Run(quadratic.train_op);
  ExpectNear(run.Floats(average), {0.9 + 0.1 * 0.8, -1.8 - 0.1 * 1.6});
  run.Run(quadratic.train_op);
  ExpectNear(run.Floats(average), {0.9 * 0.98 + 0.1 * 0.64, -0.9 * 1.96 - 0.1 * 1.28});
}

TEST(MinimizeTest, AveragesThatWarmUpForgetTheFirstValueSoon) {
  Quadratic quadratic(GradientDescent({.learning_rate = 0.1}),
                      {.moving_average_decay = 0.999, .moving_average_warm_up = true});
  ModelRunner run(quadratic.model);
  run.Run(quadratic.train_op);
  // The decay of update 0 is 1 / 10.
  ExpectNear(
      run.Floats(quadratic.graph.FindOutput("w/ExponentialMovingAverage/Read/ReadVariableOp")),
      {0.1 + 0.9 * 0.8, -0.2 - 0.9 * 1.6});
}

TEST(MinimizeTest, OptionsThatMakeNoSenseFail) {
  const auto message = [](const MinimizeOptions& options) {
    const Quadratic quadratic(Adam({}), options);
    EXPECT_EQ(quadratic.train_op, nullptr);
    return quadratic.graph.status().message();
  };
  EXPECT_THAT(message({.clip_value = 1, .clip_norm = 1}), HasSubstr("only one may be set"));
  EXPECT_THAT(message({.clip_norm = -1}), HasSubstr("a limit for clipping is -1"));
  EXPECT_EQ(message({.gradient_accumulation_steps = 0}),
            "Minimize: gradient_accumulation_steps is 0, it must be at least 1");
  EXPECT_EQ(message({.weight_decay = -1}), "Minimize: weight_decay is -1, it must be at least 0");
  EXPECT_EQ(message({.moving_average_decay = 1}),
            "Minimize: moving_average_decay is 1, it must be at least 0 and below 1");
}

}  // namespace
}  // namespace trainyard::train

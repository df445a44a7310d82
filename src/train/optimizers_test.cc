#include "train/optimizers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "train/initializers.h"
#include "train/testing/quadratic.h"

namespace trainyard::train {
namespace {

using ::testing::ElementsAre;
using testing::ExpectNear;
using ::testing::HasSubstr;
using testing::Quadratic;
using ::testing::UnorderedElementsAre;

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

TEST(OptimizersTest, AdagradDividesByTheRootOfAllSquares) {
  std::vector<double> w = {1, -2};
  std::vector<double> accumulator = {0.5, 0.5};
  for (int t = 0; t < 3; ++t) {
    for (size_t i = 0; i < w.size(); ++i) {
      const double g = 2 * w[i];
      accumulator[i] += g * g;
      w[i] -= 0.1 * g / std::sqrt(accumulator[i]);
    }
  }
  const Adagrad optimizer({.learning_rate = 0.1, .initial_accumulator_value = 0.5f});
  ExpectNear(Quadratic(optimizer).After(3), w);
}

TEST(OptimizersTest, RMSPropFollowsItsFormulaPlainAndCentered) {
  for (const bool centered : {false, true}) {
    std::vector<double> w = {1, -2};
    std::vector<double> rms = {1, 1};
    std::vector<double> mean = {0, 0};
    std::vector<double> momentum = {0, 0};
    for (int t = 0; t < 3; ++t) {
      for (size_t i = 0; i < w.size(); ++i) {
        const double g = 2 * w[i];
        rms[i] = 0.8 * rms[i] + 0.2 * g * g;
        if (centered) mean[i] = 0.8 * mean[i] + 0.2 * g;
        momentum[i] = 0.5 * momentum[i] + 0.1 * g / std::sqrt(rms[i] - mean[i] * mean[i] + 1e-3);
        w[i] -= momentum[i];
      }
    }
    const RMSProp optimizer({.learning_rate = 0.1,
                             .decay = 0.8f,
                             .momentum = 0.5f,
                             .epsilon = 1e-3f,
                             .centered = centered});
    ExpectNear(Quadratic(optimizer).After(3), w);
  }
}

TEST(OptimizersTest, FtrlFollowsItsFormula) {
  std::vector<double> w = {1, -2};
  std::vector<double> squares = {0.5, 0.5};
  std::vector<double> linear = {0, 0};
  for (int t = 0; t < 3; ++t) {
    for (size_t i = 0; i < w.size(); ++i) {
      const double g = 2 * w[i];
      const double sum = squares[i] + g * g;
      linear[i] += g - (std::sqrt(sum) - std::sqrt(squares[i])) / 0.1 * w[i];
      squares[i] = sum;
      const double shrunk = std::max(std::fabs(linear[i]) - 0.2, 0.0);
      w[i] = -std::copysign(shrunk, linear[i]) / (std::sqrt(sum) / 0.1 + 2 * 0.3);
    }
  }
  const Ftrl optimizer({.learning_rate = 0.1,
                        .initial_accumulator_value = 0.5f,
                        .l1_regularization_strength = 0.2f,
                        .l2_regularization_strength = 0.3f});
  ExpectNear(Quadratic(optimizer).After(3), w);
}

TEST(OptimizersTest, AdamWShrinksTheWeightsBeforeAdamsUpdate) {
  std::vector<double> w = {1, -2};
  std::vector<double> m = {0, 0};
  std::vector<double> v = {0, 0};
  for (int t = 1; t <= 3; ++t) {
    const double rate = 0.1 * std::sqrt(1 - std::pow(0.99, t)) / (1 - std::pow(0.8, t));
    for (size_t i = 0; i < w.size(); ++i) {
      const double g = 2 * w[i];
      w[i] -= w[i] * 0.1 * 0.3;
      m[i] = 0.8 * m[i] + 0.2 * g;
      v[i] = 0.99 * v[i] + 0.01 * g * g;
      w[i] -= rate * m[i] / (std::sqrt(v[i]) + 1e-3);
    }
  }
  AdamWOptions options{
      .learning_rate = 0.1, .weight_decay = 0.3, .beta1 = 0.8f, .beta2 = 0.99f, .epsilon = 1e-3f};
  ExpectNear(Quadratic(AdamW(options)).After(3), w);
  options.exclude_from_weight_decay = {"w"};
  const Adam adam({.learning_rate = 0.1, .beta1 = 0.8f, .beta2 = 0.99f, .epsilon = 1e-3f});
  EXPECT_EQ(Quadratic(AdamW(options)).After(3), Quadratic(adam).After(3));
}

TEST(OptimizersTest, LAMBScalesEachVariablesStepByTheRatioOfNorms) {
  for (const bool adapts : {true, false}) {
    std::vector<double> w = {1, -2};
    std::vector<double> m = {0, 0};
    std::vector<double> v = {0, 0};
    for (int t = 1; t <= 3; ++t) {
      std::vector<double> u = {0, 0};
      for (size_t i = 0; i < w.size(); ++i) {
        const double g = 2 * w[i];
        m[i] = 0.8 * m[i] + 0.2 * g;
        v[i] = 0.99 * v[i] + 0.01 * g * g;
        u[i] = m[i] / (1 - std::pow(0.8, t)) / (std::sqrt(v[i] / (1 - std::pow(0.99, t))) + 1e-3) +
               0.05 * w[i];
      }
      const double ratio = adapts ? std::hypot(w[0], w[1]) / std::hypot(u[0], u[1]) : 1;
      for (size_t i = 0; i < w.size(); ++i) w[i] -= 0.1 * ratio * u[i];
    }
    LAMBOptions options{.learning_rate = 0.1,
                        .beta1 = 0.8f,
                        .beta2 = 0.99f,
                        .epsilon = 1e-3f,
                        .weight_decay = 0.05};
    if (!adapts) options.exclude_from_layer_adaptation = {"w"};
    ExpectNear(Quadratic(LAMB(options)).After(3), w);
  }
}

TEST(OptimizersTest, BadOptionsFailTheGraphByName) {
  const auto message = [](const Optimizer& optimizer) {
    return Quadratic(optimizer).graph.status().message();
  };
  EXPECT_EQ(message(Momentum({.momentum = 1})),
            "Momentum: momentum is 1, it must be at least 0 and below 1");
  EXPECT_EQ(message(Adagrad({.initial_accumulator_value = 0})),
            "Adagrad: initial_accumulator_value is 0, it must be above 0");
  EXPECT_EQ(message(AdamW({.weight_decay = -1})),
            "AdamW: weight_decay is -1, it must be at least 0");
  EXPECT_EQ(message(Ftrl({.learning_rate_power = 1})),
            "Ftrl: learning_rate_power is 1, it must be at most 0");
  EXPECT_EQ(message(LAMB({.weight_decay = -1})), "LAMB: weight_decay is -1, it must be at least 0");
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
  const Adagrad adagrad({});
  const std::pair<const Optimizer*, std::string> cases[] = {
      {&descent, "train/w/ResourceApplyGradientDescent"},
      {&momentum, "train/w/ResourceApplyMomentum"},
      {&adam, "train/w/ResourceApplyAdam"},
      {&adagrad, "train/w/ResourceApplyAdagrad"}};
  for (const auto& [optimizer, update] : cases) {
    const Quadratic quadratic(*optimizer, {},
                              {.num_ps_tasks = 2, .compute_device = "/job:worker/task:0"});
    ASSERT_TRUE(quadratic.graph.status().ok()) << quadratic.graph.status();
    EXPECT_EQ(tf::OperationDevice(quadratic.graph.FindOperation(update)), "/job:ps/task:1");
    // The global step's own.
    EXPECT_EQ(tf::OperationDevice(quadratic.train_op), "/job:ps/task:0");
  }
}

}  // namespace
}  // namespace trainyard::train

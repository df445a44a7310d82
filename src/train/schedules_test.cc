#include "train/schedules.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "train/testing/model_runner.h"

namespace trainyard::train {
namespace {

float RateAt(const Schedule& schedule, float step) {
  tf::Graph graph;
  ModelBuilder model(&graph, {});
  const tf::Output rate = schedule(model.scope(), tf::Const(model.scope(), step));
  ModelRunner run(model);
  return run.Float(rate);
}

TEST(SchedulesTest, RatesFollowTheirFormulas) {
  const struct {
    const char* name;
    Schedule schedule;
    float step;
    double rate;
  } table[] = {
      {"constant", 0.5, 0, 0.5},
      {"constant", 0.5, 1e6, 0.5},
      {"exponential", ExponentialDecay(0.1, 10, 0.5), 0, 0.1},
      {"exponential", ExponentialDecay(0.1, 10, 0.5), 5, 0.1 * std::sqrt(0.5)},
      {"exponential", ExponentialDecay(0.1, 10, 0.5), 20, 0.025},
      {"staircase", ExponentialDecay(0.1, 10, 0.5, true), 9, 0.1},
      {"staircase", ExponentialDecay(0.1, 10, 0.5, true), 10, 0.05},
      {"staircase", ExponentialDecay(0.1, 10, 0.5, true), 19, 0.05},
      {"cosine", CosineDecay(0.1, 100), 0, 0.1},
      {"cosine", CosineDecay(0.1, 100), 25, 0.05 * (1 + std::cos(std::numbers::pi / 4))},
      {"cosine", CosineDecay(0.1, 100), 50, 0.05},
      {"cosine", CosineDecay(0.1, 100), 100, 0},
      {"cosine", CosineDecay(0.1, 100), 1000, 0},
      {"cosine to alpha", CosineDecay(0.1, 100, 0.2), 50, 0.06},
      {"cosine to alpha", CosineDecay(0.1, 100, 0.2), 100, 0.02},
      {"cosine, warm-up", CosineDecay(0.1, 100, 0, 10), 0, 0.01},
      {"cosine, warm-up", CosineDecay(0.1, 100, 0, 10), 4, 0.05},
      {"cosine, warm-up", CosineDecay(0.1, 100, 0, 10), 10, 0.1},
      {"cosine, warm-up", CosineDecay(0.1, 100, 0, 10), 60, 0.05},
      {"polynomial", PolynomialDecay(0.1, 100, 0.02), 0, 0.1},
      {"polynomial", PolynomialDecay(0.1, 100, 0.02), 25, 0.08},
      {"polynomial", PolynomialDecay(0.1, 100, 0.02), 100, 0.02},
      {"polynomial", PolynomialDecay(0.1, 100, 0.02), 500, 0.02},
      {"piecewise", PiecewiseConstant({10, 20}, {1, 0.5, 0.1}), 10, 1},
      {"piecewise", PiecewiseConstant({10, 20}, {1, 0.5, 0.1}), 11, 0.5},
      {"piecewise", PiecewiseConstant({10, 20}, {1, 0.5, 0.1}), 20, 0.5},
      {"piecewise", PiecewiseConstant({10, 20}, {1, 0.5, 0.1}), 21, 0.1},
      {"piecewise of one", PiecewiseConstant({}, {0.3}), 7, 0.3},
      {"inverse time", InverseTimeDecay(0.1, 10, 0.5), 20, 0.05},
      {"inverse time, staircase", InverseTimeDecay(0.1, 10, 1, true), 19, 0.05},
      {"restarts", CosineDecayRestarts(0.1, 10), 5, 0.05},
      {"restarts", CosineDecayRestarts(0.1, 10), 10, 0.1},
      {"restarts", CosineDecayRestarts(0.1, 10), 20, 0.05},
      {"restarts", CosineDecayRestarts(0.1, 10), 30, 0.1},
      {"even restarts", CosineDecayRestarts(0.1, 10, {.t_mul = 1, .m_mul = 0.5}), 25, 0.0125},
      {"restarts to alpha", CosineDecayRestarts(0.1, 10, {.alpha = 0.2}), 5, 0.06},
      {"cycle", PolynomialDecay(0.1, 10, 0, 1, true), 0, 0.1},
      {"cycle", PolynomialDecay(0.1, 10, 0, 1, true), 10, 0},
      {"cycle", PolynomialDecay(0.1, 10, 0, 1, true), 15, 0.025},
      {"warm-up", WarmUp(0.1, 4), 0, 0},
      {"warm-up", WarmUp(0.1, 4), 1, 0.025},
      {"warm-up", WarmUp(0.1, 4), 100, 0.1},
      {"warm-up, first", WarmUp(0.1, 4, 0.06), 1, 0.07},
      {"warm-up, then", WarmUp(ExponentialDecay(0.1, 1, 0.5), 4), 2, 0.05},
      {"warm-up, then", WarmUp(ExponentialDecay(0.1, 1, 0.5), 4), 4, 0.1},
      {"warm-up, then", WarmUp(ExponentialDecay(0.1, 1, 0.5), 4), 6, 0.025},
      {"quadratic", PolynomialDecay(0.1, 100, 0, 2), 50, 0.025},
  };
  for (const auto& row : table) {
    EXPECT_NEAR(RateAt(row.schedule, row.step), row.rate, 1e-7) << row.name << " at " << row.step;
  }
}

TEST(SchedulesTest, NumbersThatMakeNoSenseFailByName) {
  const std::pair<Schedule, const char*> table[] = {
      {PiecewiseConstant({10}, {1}),
       "PiecewiseConstant: 1 boundaries need 2 rates, but there are 1"},
      {PiecewiseConstant({20, 10}, {1, 2, 3}),
       "PiecewiseConstant: the boundaries 20, 10 do not rise"},
      {ExponentialDecay(1, 0, 1), "ExponentialDecay: decay_steps is 0, it must be at least 1"},
      {InverseTimeDecay(1, -1, 1), "InverseTimeDecay: decay_steps is -1, it must be at least 1"},
      {CosineDecay(1, 0), "CosineDecay: decay_steps is 0, it must be at least 1"},
      {CosineDecayRestarts(1, 1, {.t_mul = 0.5}),
       "CosineDecayRestarts: t_mul is 0.5, it must be at least 1"},
      {PolynomialDecay(1, 0), "PolynomialDecay: decay_steps is 0, it must be at least 1"},
      {WarmUp(1, 0), "WarmUp: steps is 0, it must be at least 1"}};
  for (const auto& [schedule, message] : table) {
    tf::Graph graph;
    const tf::Scope scope(&graph);
    schedule(scope, tf::Const(scope, 1.0f));
    EXPECT_EQ(graph.status().message(), message);
  }
}

}  // namespace
}  // namespace trainyard::train

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
      {"quadratic", PolynomialDecay(0.1, 100, 0, 2), 50, 0.025},
  };
  for (const auto& row : table) {
    EXPECT_NEAR(RateAt(row.schedule, row.step), row.rate, 1e-7) << row.name << " at " << row.step;
  }
}

}  // namespace
}  // namespace trainyard::train

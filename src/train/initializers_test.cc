#include "train/initializers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "train/testing/model_runner.h"

namespace trainyard::train {
namespace {

using ::testing::Each;

std::vector<float> FirstValues(const Initializer& initializer, const tf::Shape& shape,
                               std::optional<int64_t> seed = 5) {
  tf::Graph graph;
  ModelBuilder model(&graph, {.seed = seed});
  const Variable& variable = model.AddVariable("v", shape, initializer);
  ModelRunner run(model);
  return run.Floats(variable.value);
}

struct Moments {
  double mean = 0;
  double stddev = 0;
  float low = 0;
  float high = 0;
};

Moments MomentsOf(const std::vector<float>& values) {
  const auto count = static_cast<double>(values.size());
  Moments moments;
  moments.mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  for (const float value : values) moments.stddev += std::pow(value - moments.mean, 2) / count;
  moments.stddev = std::sqrt(moments.stddev);
  moments.low = *std::min_element(values.begin(), values.end());
  moments.high = *std::max_element(values.begin(), values.end());
  return moments;
}

TEST(InitializersTest, ConstantsFillTheShape) {
  EXPECT_EQ(FirstValues(Zeros(), {2, 3}), std::vector<float>(6, 0));
  EXPECT_EQ(FirstValues(Ones(), {4}), std::vector<float>(4, 1));
  EXPECT_THAT(FirstValues(Constant(2.5f), {}), Each(2.5f));
}

TEST(InitializersTest, UniformFillsItsRangeEvenly) {
  const Moments moments = MomentsOf(FirstValues(RandomUniform(-1, 3), {20000}));
  EXPECT_GE(moments.low, -1);
  EXPECT_LT(moments.high, 3);
  EXPECT_NEAR(moments.mean, 1, 0.05);
  EXPECT_NEAR(moments.stddev, 4 / std::sqrt(12.0), 0.05);
}

TEST(InitializersTest, NormalHasItsMeanAndDeviation) {
  const Moments moments = MomentsOf(FirstValues(RandomNormal(2, 0.5f), {20000}));
  EXPECT_NEAR(moments.mean, 2, 0.02);
  EXPECT_NEAR(moments.stddev, 0.5, 0.02);
  EXPECT_GT(moments.high, 3.2);
}

TEST(InitializersTest, TruncatedNormalStaysWithinTwoDeviations) {
  const Moments moments = MomentsOf(FirstValues(TruncatedNormal(2, 0.5f), {20000}));
  EXPECT_NEAR(moments.mean, 2, 0.02);
  EXPECT_GE(moments.low, 1);
  EXPECT_LE(moments.high, 3);
}

TEST(InitializersTest, GlorotUniformFollowsTheFans) {
  struct {
    tf::Shape shape;
    double fan_sum;
  } const cases[] = {{{784, 100}, 884}, {{5, 5, 8, 32}, 25 * 40}, {{1000}, 2000}};
  for (const auto& c : cases) {
    const double limit = std::sqrt(6 / c.fan_sum);
    const Moments moments = MomentsOf(FirstValues(GlorotUniform(), c.shape));
    EXPECT_GE(moments.low, -limit) << tf::ShapeToString(c.shape);
    EXPECT_LE(moments.high, limit);
    EXPECT_NEAR(moments.high, limit, limit * 0.02);
    EXPECT_NEAR(moments.stddev, limit / std::sqrt(3.0), limit * 0.05);
  }
}

TEST(InitializersTest, HeNormalHasTheVarianceForRelu) {
  const Moments moments = MomentsOf(FirstValues(HeNormal(), {3, 3, 50, 40}));
  EXPECT_NEAR(moments.mean, 0, 0.003);
  EXPECT_NEAR(moments.stddev, std::sqrt(2.0 / 450), 0.003);
}

TEST(InitializersTest, VarianceScalingFollowsItsFan) {
  using Options = VarianceScalingOptions;
  struct {
    Options options;
    double variance;  // for a window of 9, 50 channels in and 40 out
  } const cases[] = {
      {{}, 1.0 / 450},
      {{.scale = 3, .mode = Options::Mode::kFanOut}, 3.0 / 360},
      {{.mode = Options::Mode::kFanAvg, .distribution = Options::Distribution::kUniform},
       1.0 / 405},
      {{.distribution = Options::Distribution::kUntruncatedNormal}, 1.0 / 450},
  };
  for (const auto& c : cases) {
    const Moments moments = MomentsOf(FirstValues(VarianceScaling(c.options), {3, 3, 50, 40}));
    EXPECT_NEAR(moments.mean, 0, 0.003);
    EXPECT_NEAR(moments.stddev, std::sqrt(c.variance), 0.03 * std::sqrt(c.variance));
  }
}

TEST(InitializersTest, NamedScalingsHaveTheirVariances) {
  struct {
    Initializer initializer;
    double variance;
    double limit;  // of uniform ones; else the cut
  } const cases[] = {
      {GlorotNormal(), 2.0 / 300, 0},
      {HeUniform(), 2.0 / 200, std::sqrt(6.0 / 200)},
      {LecunNormal(), 1.0 / 200, 0},
      {LecunUniform(), 1.0 / 200, std::sqrt(3.0 / 200)},
  };
  for (const auto& c : cases) {
    const Moments moments = MomentsOf(FirstValues(c.initializer, {200, 100}));
    const double stddev = std::sqrt(c.variance);
    EXPECT_NEAR(moments.stddev, stddev, 0.03 * stddev);
    const double limit = c.limit > 0 ? c.limit : 2 * stddev / 0.87962566103423978;
    EXPECT_LE(moments.high, limit * 1.0001);
    EXPECT_GT(moments.high, limit * 0.97);
  }
}

TEST(InitializersTest, OrthogonalColumnsOrRowsHaveLengthOneAndRightAngles) {
  for (const tf::Shape& shape : {tf::Shape{6, 4}, {4, 6}, {3, 2, 4}}) {
    const std::vector<float> values = FirstValues(Orthogonal(2), shape);
    const auto columns = static_cast<size_t>(shape.back());
    const size_t rows = values.size() / columns;
    const bool tall = rows >= columns;
    const auto at = [&](size_t vector, size_t i) {
      return tall ? values[i * columns + vector] : values[vector * columns + i];
    };
    for (size_t a = 0; a < std::min(rows, columns); ++a) {
      for (size_t b = 0; b <= a; ++b) {
        double product = 0;
        for (size_t i = 0; i < std::max(rows, columns); ++i) product += at(a, i) * at(b, i);
        EXPECT_NEAR(product, a == b ? 4 : 0, 1e-5) << tf::ShapeToString(shape);
      }
    }
  }
}

TEST(InitializersTest, IdentityHasItsGainOnTheDiagonal) {
  EXPECT_EQ(FirstValues(Identity(3), {2, 3}), (std::vector<float>{3, 0, 0, 0, 3, 0}));
}

TEST(InitializersTest, WhatCannotBeMadeFailsTheGraphByName) {
  struct {
    Initializer initializer;
    tf::Shape shape;
    tf::DataType dtype;
    std::string message;
  } const cases[] = {
      {Orthogonal(),
       {4},
       tf::DataType::kFloat,
       "v/Initializer/Orthogonal needs two sizes or more, got the shape [4]"},
      {Identity(),
       {2, 2, 2},
       tf::DataType::kFloat,
       "v/Initializer/Identity needs two sizes, got the shape [2,2,2]"},
      {VarianceScaling({.scale = 0}),
       {2},
       tf::DataType::kFloat,
       "scale of v/Initializer/VarianceScaling is 0: it must be above 0"},
      {GlorotUniform(), {2}, tf::DataType::kDouble, "cannot add AssignVariableOp \"v/Assign\""},
  };
  for (const auto& c : cases) {
    tf::Graph graph;
    ModelBuilder model(&graph, {});
    model.AddVariable("v", c.shape, c.initializer, {.dtype = c.dtype});
    EXPECT_EQ(graph.status().code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(graph.status().message(), ::testing::StartsWith(c.message));
  }
}

TEST(InitializersTest, SeedsMakeRunsRepeatable) {
  EXPECT_EQ(FirstValues(GlorotUniform(), {10}, 1), FirstValues(GlorotUniform(), {10}, 1));
  EXPECT_NE(FirstValues(GlorotUniform(), {10}, 1), FirstValues(GlorotUniform(), {10}, 2));
  EXPECT_NE(FirstValues(GlorotUniform(), {10}, {}), FirstValues(GlorotUniform(), {10}, {}));
}

}  // namespace
}  // namespace trainyard::train

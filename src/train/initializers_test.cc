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

TEST(InitializersTest, SeedsMakeRunsRepeatable) {
  EXPECT_EQ(FirstValues(GlorotUniform(), {10}, 1), FirstValues(GlorotUniform(), {10}, 1));
  EXPECT_NE(FirstValues(GlorotUniform(), {10}, 1), FirstValues(GlorotUniform(), {10}, 2));
  EXPECT_NE(FirstValues(GlorotUniform(), {10}, {}), FirstValues(GlorotUniform(), {10}, {}));
}

}  // namespace
}  // namespace trainyard::train

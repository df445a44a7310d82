#include "train/layers/dropout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "train/testing/model_runner.h"

namespace trainyard::train {
namespace {

std::vector<float> DropOnes(std::optional<int64_t> seed, float rate, int runs = 1) {
  tf::Graph graph;
  ModelBuilder model(&graph, {.seed = seed});
  const tf::Output ones = FloatsConst(model, {100, 100}, std::vector<float>(10000, 1));
  const tf::Output y = Dropout(model, ones, rate);
  ModelRunner run(model);
  std::vector<float> values;
  for (int i = 0; i < runs; ++i) values = run.Floats(y);
  return values;
}

TEST(DropoutTest, DropsTheRateAndScalesTheRest) {
  const std::vector<float> values = DropOnes(7, 0.4f);
  const auto dropped = std::count(values.begin(), values.end(), 0.0f);
  EXPECT_NEAR(static_cast<double>(dropped), 4000, 250);  // five standard deviations
  for (const float value : values) {
    if (value != 0) {
      EXPECT_FLOAT_EQ(value, 1 / 0.6f);
    }
  }
}

TEST(DropoutTest, IsReproducibleUnderASeedAndNewInEveryStep) {
  EXPECT_EQ(DropOnes(7, 0.5f), DropOnes(7, 0.5f));
  EXPECT_NE(DropOnes(7, 0.5f), DropOnes(8, 0.5f));
  EXPECT_NE(DropOnes(7, 0.5f), DropOnes(7, 0.5f, 2));
  EXPECT_NE(DropOnes(std::nullopt, 0.5f), DropOnes(std::nullopt, 0.5f));
}

TEST(DropoutTest, ANoiseShapeDropsWholeChannels) {
  tf::Graph graph;
  ModelBuilder model(&graph, {.seed = 7});
  const tf::Output x =
      tf::Placeholder(model.scope(), tf::DataType::kFloat, {-1, 2, 2, 50}, "image");
  const tf::Output y = Dropout(model, x, {.rate = 0.5f, .noise_shape = {-1, 1, 1, -1}});
  EXPECT_THAT(graph.OutputShape(y).value(), ::testing::ElementsAre(-1, 2, 2, 50));
  ModelRunner run(model);
  const auto ones = tf::Tensor::FromValues<float>({3, 2, 2, 50}, std::vector<float>(600, 1));
  const std::vector<float> values = run.Floats(y, {{x, &ones}});
  size_t dropped = 0;
  for (size_t image = 0; image < 3; ++image) {
    for (size_t channel = 0; channel < 50; ++channel) {
      const float first = values[image * 200 + channel];
      for (size_t pixel = 1; pixel < 4; ++pixel) {
        EXPECT_EQ(values[image * 200 + pixel * 50 + channel], first);
      }
      if (first == 0) ++dropped;
    }
  }
  EXPECT_NEAR(static_cast<double>(dropped), 75, 31);  // five standard deviations
}

TEST(DropoutTest, OnlyTrainingDrops) {
  for (const Mode mode : {Mode::kEval, Mode::kPredict}) {
    tf::Graph graph;
    ModelBuilder model(&graph, {.mode = mode});
    const tf::Output x = FloatsConst(model, {1}, {1});
    EXPECT_EQ(Dropout(model, x, 0.4f), x);
  }
}

}  // namespace
}  // namespace trainyard::train

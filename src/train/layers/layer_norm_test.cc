#include "train/layers/layer_norm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "train/testing/model_runner.h"

namespace trainyard::train {
namespace {

using ::testing::FloatNear;
using ::testing::Pointwise;

TEST(LayerNormTest, NormalisesEachExampleAndScales) {
  tf::Graph graph;
  ModelBuilder model(&graph, {});
  // Means 2 and 3000, variances 1 and 10000.
  const tf::Output x = FloatsConst(model, {2, 2}, {1, 3, 2900, 3100});
  const tf::Output y = LayerNorm(
      model, x,
      {.epsilon = 0.25f, .beta_initializer = Constant(1), .gamma_initializer = Constant(2)});
  ModelRunner run(model);
  const float near = 2 / std::sqrt(1.25f);
  const float far = 200 / std::sqrt(10000.25f);
  EXPECT_THAT(run.Floats(y), Pointwise(FloatNear(1e-5f), {1 - near, 1 + near, 1 - far, 1 + far}));
}

TEST(LayerNormTest, HasTheVariablesAskedFor) {
  tf::Graph graph;
  ModelBuilder model(&graph, {});
  const tf::Output x = tf::Placeholder(model.scope(), tf::DataType::kFloat, {-1, -1, 5}, "x");
  LayerNorm(model, x, {.scale = false});
  LayerNorm(model, x, {.center = false, .scale = false});
  LayerNorm(model, x);
  ASSERT_TRUE(graph.status().ok()) << graph.status();
  std::vector<std::string> names;
  for (const Variable* variable : model.trainable_variables()) {
    names.push_back(variable->name);
    EXPECT_EQ(variable->shape, tf::Shape{5});
  }
  EXPECT_THAT(names,
              ::testing::ElementsAre("layer_normalization/beta", "layer_normalization_2/gamma",
                                     "layer_normalization_2/beta"));
}

}  // namespace
}  // namespace trainyard::train

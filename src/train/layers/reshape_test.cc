// Reshape, Concatenate, ZeroPadding2D, global pooling and Residual.
#include "train/layers/reshape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "train/layers.h"
#include "train/testing/model_runner.h"

namespace trainyard::train {
namespace {

using ::testing::ElementsAre;

class ReshapeTest : public ::testing::Test {
 protected:
  tf::Output Input(const tf::Shape& shape) {
    return tf::Placeholder(model_.scope(), tf::DataType::kFloat, shape, "x");
  }
  tf::Shape ShapeOf(const tf::Output& y) {
    EXPECT_TRUE(graph_.status().ok()) << graph_.status();
    return y ? graph_.OutputShape(y).value() : tf::Shape();
  }

  tf::Graph graph_;
  ModelBuilder model_{&graph_, {}};
};

TEST_F(ReshapeTest, KeepsTheBatchAndFillsInOneSize) {
  EXPECT_THAT(ShapeOf(Reshape(model_, Input({-1, 784}), {28, 28, 1})), ElementsAre(-1, 28, 28, 1));
  EXPECT_THAT(ShapeOf(Reshape(model_, Input({-1, 4, 6}), {2, -1})), ElementsAre(-1, 2, 12));
}

TEST_F(ReshapeTest, ConcatenatesAlongTheAxis) {
  const tf::Output a = FloatsConst(model_, {2, 1}, {1, 2});
  const tf::Output b = FloatsConst(model_, {2, 2}, {3, 4, 5, 6});
  const tf::Output wide = Concatenate(model_, {a, b});
  const tf::Output tall = Concatenate(model_, {b, b}, 0);
  ModelRunner run(model_);
  EXPECT_THAT(run.Floats(wide), ElementsAre(1, 3, 4, 2, 5, 6));
  EXPECT_THAT(run.Floats(tall), ElementsAre(3, 4, 5, 6, 3, 4, 5, 6));
}

TEST_F(ReshapeTest, PadsEachSideByItsOwnNumber) {
  const tf::Output x = FloatsConst(model_, {1, 1, 2, 1}, {1, 2});
  const tf::Output y = ZeroPadding2D(model_, x, {.top = 1, .bottom = 0, .left = 0, .right = 2});
  ModelRunner run(model_);
  EXPECT_THAT(run.Floats(y), ElementsAre(0, 0, 0, 0, 1, 2, 0, 0));
}

TEST_F(ReshapeTest, GlobalPoolingLeavesOneValuePerChannel) {
  const tf::Output x = FloatsConst(model_, {1, 2, 2, 2}, {1, 8, 2, 7, 3, 6, 4, 5});
  const tf::Output average = GlobalAveragePooling2D(model_, x);
  const tf::Output largest = GlobalMaxPooling2D(model_, x, {.keepdims = true});
  EXPECT_THAT(ShapeOf(average), ElementsAre(1, 2));
  EXPECT_THAT(ShapeOf(largest), ElementsAre(1, 1, 1, 2));
  ModelRunner run(model_);
  EXPECT_THAT(run.Floats(average), ElementsAre(2.5, 6.5));
  EXPECT_THAT(run.Floats(largest), ElementsAre(4, 8));
}

TEST_F(ReshapeTest, ResidualAddsTheInputItselfWhereShapesAgree) {
  const tf::Output x = FloatsConst(model_, {2, 2}, {1, -2, 3, -4});
  const tf::Output sum = Residual(model_, x, tf::Mul(model_.scope(), x, x));
  const tf::Output difference =
      Residual(model_, x, FloatsConst(model_, {2, 2}, {-2, 1, -4, 3}), {.activation = nullptr});
  EXPECT_EQ(model_.trainable_variables().size(), 0u);
  ModelRunner run(model_);
  EXPECT_THAT(run.Floats(sum), ElementsAre(2, 2, 12, 12));
  EXPECT_THAT(run.Floats(difference), ElementsAre(-1, -1, -1, -1));
}

TEST_F(ReshapeTest, ResidualProjectsWhatDiffers) {
  const tf::Output x = Input({-1, 7, 8, 4});
  const tf::Output y =
      Conv2D(model_, x, {.filters = 6, .strides = 2, .padding = Padding::kSame, .use_bias = false});
  EXPECT_THAT(ShapeOf(Residual(model_, x, y)), ElementsAre(-1, 4, 4, 6));
  const tf::Output of_any_size = Input({-1, -1, -1, 4});
  const tf::Output wider =
      Conv2D(model_, of_any_size, {.filters = 5, .padding = Padding::kSame, .use_bias = false});
  EXPECT_THAT(ShapeOf(Residual(model_, of_any_size, wider, {.batch_norm = std::nullopt})),
              ElementsAre(-1, -1, -1, 5));
  std::vector<std::string> names;
  for (const Variable* variable : model_.trainable_variables()) names.push_back(variable->name);
  EXPECT_THAT(names, ElementsAre("conv2d/kernel", "residual/projection/kernel",
                                 "residual/projection_norm/gamma", "residual/projection_norm/beta",
                                 "conv2d_1/kernel", "residual_1/projection/kernel"));
}

}  // namespace
}  // namespace trainyard::train

#include "tf/graph_work.h"

#include <gtest/gtest.h>

#include "tf/ops.h"

namespace trainyard::tf {
namespace {

class GraphWorkTest : public ::testing::Test {
 protected:
  Output Input(const Shape& shape) {
    return Placeholder(root_, DataType::kFloat, shape, root_.graph().UniqueName("in"));
  }
  double Flops() {
    EXPECT_TRUE(graph_.status().ok()) << graph_.status();
    return CountFlops(graph_, 10);
  }
  OpBuilder Windowed(const std::string& type) {
    return root_.Op(type).Ints("strides", {1, 1, 1, 1}).String("padding", "SAME");
  }

  Graph graph_;
  Scope root_{&graph_};
};

TEST_F(GraphWorkTest, AProductCountsTwoForEachPairOfValues) {
  root_.Op("MatMul").In(Input({3, 4})).In(Input({4, 5})).Finish();
  EXPECT_EQ(Flops(), 2 * 3 * 4 * 5);
}

TEST_F(GraphWorkTest, OfATransposedOperandTheOtherSizeIsContracted) {
  root_.Op("MatMul").In(Input({4, 3})).In(Input({4, 5})).Bool("transpose_a", true).Finish();
  EXPECT_EQ(Flops(), 2 * 3 * 4 * 5);
}

TEST_F(GraphWorkTest, AnUnknownBatchHasTheGivenSize) {
  root_.Op("MatMul").In(Input({-1, 4})).In(Input({4, 5})).Finish();
  EXPECT_EQ(Flops(), 2 * 10 * 4 * 5);
}

TEST_F(GraphWorkTest, AConvolutionAndItsGradientsTakeTheSame) {
  const Output images = Input({-1, 8, 8, 3});
  const Output kernel = Input({5, 5, 3, 6});
  const Output y = Windowed("Conv2D").In(images).In(kernel).Out();
  const double once = 2.0 * 10 * 8 * 8 * 6 * 5 * 5 * 3;
  EXPECT_EQ(Flops(), once);
  Windowed("Conv2DBackpropFilter")
      .In(images)
      .In(Const(root_, Tensor::FromVector<int32_t>({5, 5, 3, 6})))
      .In(y)
      .Finish();
  EXPECT_EQ(Flops(), 2 * once);
  Windowed("Conv2DBackpropInput")
      .In(Const(root_, Tensor::FromVector<int32_t>({10, 8, 8, 3})))
      .In(kernel)
      .In(y)
      .Finish();
  EXPECT_EQ(Flops(), 3 * once);
}

TEST_F(GraphWorkTest, OtherOperationsAndUnknownRanksCountNothing) {
  const Output x = Input({3, 4});
  Add(root_, x, x);
  EXPECT_EQ(Flops(), 0);
}

}  // namespace
}  // namespace trainyard::tf

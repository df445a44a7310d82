// What Graph::AddGradients refuses, and how it says so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tf/graph.h"
#include "tf/ops.h"
#include "tf/session.h"

namespace trainyard::tf {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class GradientsTest : public ::testing::Test {
 protected:
  Output Matrix(const std::string& name, const Shape& shape) {
    return Placeholder(scope_, DataType::kFloat, shape, name);
  }
  std::string Message() const { return graph_.status().message(); }

  Graph graph_;
  const Scope scope_{&graph_};
};

TEST_F(GradientsTest, AnOperationWithoutAGradientIsNamedWithItsPathToTheLoss) {
  const Output x = Matrix("x", {2, 2});
  const Output xlogx = scope_.Op("Xlogy", "entropy").In(x).In(x).Out();
  const Output y = Sum(scope_, Mul(scope_.Named("layer"), xlogx, x));
  graph_.AddGradients(y, {x});
  EXPECT_EQ(Message(),
            "cannot differentiate Sum:0: Xlogy \"entropy\" has no gradient"
            " (on the path entropy -> layer/Mul -> Reshape -> Sum)");
}

TEST_F(GradientsTest, LongPathsAreShortened) {
  const Output x = Matrix("x", {});
  Output y = scope_.Op("Xlogy", "entropy").In(x).In(x).Out();
  for (int i = 0; i < 10; ++i) y = scope_.Op("Tanh").In(y).Out();
  graph_.AddGradients(y, {x});
  EXPECT_THAT(
      Message(),
      HasSubstr("(on the path entropy -> Tanh -> Tanh_1 -> ... -> Tanh_7 -> Tanh_8 -> Tanh_9)"));
}

TEST_F(GradientsTest, AnXOfNoInfluenceIsNamed) {
  const Output x = Matrix("x", {});
  graph_.AddGradients(Mul(scope_, x, x), {x, Matrix("unrelated", {})});
  EXPECT_EQ(Message(), "cannot differentiate Mul:0: it does not depend on unrelated:0");
}

TEST_F(GradientsTest, AnXBehindStopGradientIsNamedWithThePath) {
  const Output x = Matrix("x", {});
  const Output stopped = scope_.Op("StopGradient").In(Matrix("w", {})).Out();
  graph_.AddGradients(Mul(scope_, x, stopped), {x, graph_.FindOutput("w")});
  EXPECT_EQ(Message(),
            "cannot differentiate Mul:0: no gradient arrives at w:0, only ways like"
            " w -> StopGradient -> Mul lead from it");
}

TEST_F(GradientsTest, AnXMayBeGivenTwiceAndMayBeYItself) {
  const Output x = Matrix("x", {});
  const Output y = Mul(scope_, x, x);
  const std::vector<Output> gradients = graph_.AddGradients(y, {x, y, x});
  ASSERT_TRUE(graph_.status().ok()) << graph_.status();
  auto session = Session::Create(graph_, {}).value();
  const Tensor three = Tensor::Scalar(3.0f);
  const auto values = session->Run(std::vector<Feed>{{x, &three}}, gradients, {}).value();
  EXPECT_EQ(values[0].scalar<float>(), 6);
  EXPECT_EQ(values[1].scalar<float>(), 1);
  EXPECT_EQ(values[2].scalar<float>(), 6);
}

TEST_F(GradientsTest, ManyInputsOfOneOperationKeepTheirOrder) {
  std::vector<Output> xs;
  for (int i = 0; i < 20; ++i) xs.push_back(Fill(scope_, {1}, static_cast<float>(i)));
  const Output joined = scope_.Op("ConcatV2").InList(xs).In(Const(scope_, int32_t{0})).Out();
  const std::vector<Output> gradients =
      graph_.AddGradients(Sum(scope_, Mul(scope_, joined, joined)), xs);
  ASSERT_TRUE(graph_.status().ok()) << graph_.status();
  auto session = Session::Create(graph_, {}).value();
  const auto values = session->Run({}, gradients, {}).value();
  for (size_t i = 0; i < 20; ++i) {
    EXPECT_EQ(values[i].scalar<float>(), 2 * static_cast<float>(i));
  }
}

TEST_F(GradientsTest, WhatDependsOnNoXNeedsNoGradient) {
  const Output x = Matrix("x", {});
  const Output rounded = scope_.Op("Floor").In(Matrix("other", {})).Out();
  const Output mask = Cast(scope_, scope_.Op("Greater").In(x).In(rounded).Out(), DataType::kFloat);
  EXPECT_TRUE(graph_.AddGradients(Mul(scope_, Mul(scope_, x, rounded), mask), {x})[0]);
  EXPECT_TRUE(graph_.status().ok()) << graph_.status();
}

TEST_F(GradientsTest, ConvolutionWithDilationsIsRefused) {
  const Output y = scope_.Op("Conv2D", "conv")
                       .In(Matrix("x", {1, 5, 5, 1}))
                       .In(Matrix("kernel", {3, 3, 1, 1}))
                       .Ints("strides", {1, 1, 1, 1})
                       .Ints("dilations", {1, 2, 1, 1})
                       .String("padding", "SAME")
                       .Out();
  graph_.AddGradients(Sum(scope_, y), {graph_.FindOutput("kernel")});
  EXPECT_EQ(Message(),
            "cannot differentiate Sum:0: TensorFlow's gradient of Conv2D \"conv\" ignores its"
            " dilations (on the path conv -> Reshape -> Sum)");
}

TEST_F(GradientsTest, ConvolutionWithExplicitPaddingIsRefused) {
  const Output y = scope_.Op("Conv2D", "conv")
                       .In(Matrix("x", {1, 5, 5, 1}))
                       .In(Matrix("kernel", {3, 3, 1, 1}))
                       .Ints("strides", {1, 1, 1, 1})
                       .String("padding", "EXPLICIT")
                       .Ints("explicit_paddings", {0, 0, 1, 1, 1, 1, 0, 0})
                       .Out();
  graph_.AddGradients(Sum(scope_, y), {graph_.FindOutput("x")});
  EXPECT_THAT(Message(), HasSubstr("Conv2D \"conv\" ignores its explicit paddings"));
}

TEST_F(GradientsTest, LogSoftmaxOfOtherThanMatricesIsRefused) {
  const Output matrix = Matrix("x", {2, 3});
  EXPECT_TRUE(graph_.AddGradients(scope_.Op("LogSoftmax").In(matrix).Out(), {matrix})[0]);
  const Output cube = Matrix("cube", {2, 3, 4});
  graph_.AddGradients(scope_.Op("LogSoftmax").In(cube).Out(), {cube});
  EXPECT_THAT(Message(), HasSubstr("LogSoftmax \"LogSoftmax_1\" is right for matrices alone"));
}

TEST_F(GradientsTest, StatisticsOfBatchNormalisationHaveNoGradient) {
  const Output x = Matrix("x", {2, 2, 2, 3});
  const Output three = Fill(scope_, {3}, 1);
  const Output none = Const(scope_, Tensor::Allocate(DataType::kFloat, {0}));
  const Operation norm =
      scope_.Op("FusedBatchNormV3", "norm").In(x).In(three).In(three).In(none).In(none).Finish();
  EXPECT_TRUE(graph_.AddGradients(Output{norm, 0}, {x})[0]);
  graph_.AddGradients(Sum(scope_, Output{norm, 1}), {x});
  EXPECT_THAT(Message(), HasSubstr("\"norm\" leaves out its outputs after the first"));
}

}  // namespace
}  // namespace trainyard::tf

#include "tf/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tf/ops.h"
#include "tf/session.h"

namespace trainyard::tf {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(GraphTest, NamesAreScopedAndUnique) {
  Graph graph;
  const Scope root(&graph);
  const Scope layer = root.Named("layer");
  EXPECT_EQ(OperationName(Const(layer, 1.0f).op), "layer/Const");
  EXPECT_EQ(OperationName(Const(layer, 1.0f).op), "layer/Const_1");
  EXPECT_EQ(OperationName(Const(root.Named("layer"), 1.0f).op), "layer_1/Const");
  EXPECT_TRUE(graph.status().ok());
}

TEST(GraphTest, FirstFailureStaysAndNamesTheOperation) {
  Graph graph;
  const Scope scope(&graph);
  const Output a = Const(scope, 1.0f);
  const Output b = Const(scope, int64_t{1});
  const Output sum = scope.Op("AddV2", "bad_sum").In(a).In(b).Out();
  EXPECT_FALSE(sum);
  scope.Op("NoSuchOp").In(sum).Finish();
  EXPECT_THAT(graph.status().message(), HasSubstr("cannot add AddV2 \"bad_sum\""));
  EXPECT_FALSE(Session::Create(graph, {}).ok());
}

TEST(GraphTest, FindsOutputsByName) {
  Graph graph;
  Const(Scope(&graph), 1.0f);
  EXPECT_TRUE(graph.FindOutput("Const:0"));
  EXPECT_TRUE(graph.FindOutput("Const"));
  EXPECT_FALSE(graph.FindOutput("Const:1"));
  EXPECT_FALSE(graph.FindOutput("Const:x"));
  EXPECT_FALSE(graph.FindOutput("Nothing:0"));
}

TEST(GraphTest, DifferentiatesAndRefusesWhatHasNoGradient) {
  Graph graph;
  const Scope scope(&graph);
  const Output x = Placeholder(scope, DataType::kFloat, {}, "x");
  const Output square = Mul(scope, x, x);
  const std::vector<Output> gradient = graph.AddGradients(square, {x});
  auto session = Session::Create(graph, {}).value();
  const Tensor three = Tensor::Scalar(3.0f);
  EXPECT_FLOAT_EQ(session->Run({{x, &three}}, {gradient[0]}, {}).value()[0].scalar<float>(), 6.0f);

  const Output unrelated = Const(scope, 1.0f);
  graph.AddGradients(square, {unrelated});
  EXPECT_THAT(graph.status().message(), HasSubstr("cannot differentiate"));
}

TEST(GraphTest, InfersShapes) {
  Graph graph;
  const Scope scope(&graph);
  const Output image = Placeholder(scope, DataType::kFloat, {-1, 28, 28, 1}, "image");
  EXPECT_THAT(graph.OutputShape(Reshape(scope, image, {-1, 784})).value(), ElementsAre(-1, 784));
}

}  // namespace
}  // namespace trainyard::tf

#include "tf/edges.h"

#include <gtest/gtest.h>

#include "tf/ops.h"
#include "tf/session.h"

namespace trainyard::tf {
namespace {

TEST(EdgesTest, AnOperationsInputsAreWhatItReadsInOrder) {
  Graph graph;
  const Scope scope(&graph);
  const Output x = Const(scope, 1.0f);
  const Output y = Const(scope, 2.0f);
  const Output difference = Sub(scope, x, y);
  const std::vector<Edge> edges = InputsOf(difference.op);
  ASSERT_EQ(edges.size(), 2u);
  EXPECT_EQ(edges[0].source, x);
  EXPECT_EQ(edges[1].source, y);
  EXPECT_EQ(edges[1].reader, difference.op);
  EXPECT_EQ(edges[1].input, 1);
  EXPECT_EQ(OperationType(difference.op), "Sub");
  EXPECT_EQ(OperationsOf(graph), (std::vector<Operation>{x.op, y.op, difference.op}));
}

TEST(EdgesTest, BehindAnOperationIsAllThatRunsBeforeIt) {
  Graph graph;
  const Scope scope(&graph);
  const Output x = Const(scope, 1.0f);
  const Output before = Const(scope, 2.0f);
  const Output other = Const(scope, 3.0f);
  const Output y = scope.Op("Identity").In(x).Control(before.op).Out();
  const auto behind = OperationsBehind({y.op});
  EXPECT_TRUE(behind.contains(y.op));
  EXPECT_TRUE(behind.contains(x.op));
  EXPECT_TRUE(behind.contains(before.op));
  EXPECT_FALSE(behind.contains(other.op));
}

TEST(EdgesTest, AReaderThatIsReconnectedComputesWithTheOther) {
  Graph graph;
  const Scope scope(&graph);
  const Output difference = Sub(scope, Const(scope, 5.0f), Const(scope, 2.0f));
  Reconnect(&graph, InputsOf(difference.op)[1], Const(scope, 4.0f));
  auto session = Session::Create(graph, {});
  ASSERT_TRUE(session.ok());
  const auto values = (*session)->Run({}, {difference}, {});
  ASSERT_TRUE(values.ok());
  EXPECT_EQ((*values)[0].scalar<float>(), 1.0f);
}

TEST(EdgesTest, AShapeThatDoesNotFitFailsTheGraph) {
  Graph graph;
  const Scope scope(&graph);
  const Output x = Const(scope, Tensor::FromVector<float>({1, 2}));
  const Output y = scope.Op("Identity", "reader").In(x).Out();
  Reconnect(&graph, InputsOf(y.op)[0], Const(scope, Tensor::FromVector<float>({1, 2, 3})));
  EXPECT_EQ(graph.status().code(), StatusCode::kInvalidArgument);
  EXPECT_NE(graph.status().message().find("cannot let reader read Const_1:0"), std::string::npos)
      << graph.status().message();
}

}  // namespace
}  // namespace trainyard::tf

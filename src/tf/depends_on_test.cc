#include "tf/depends_on.h"

#include <gtest/gtest.h>

#include "tf/ops.h"

namespace trainyard::tf {
namespace {

TEST(DependsOnTest, FollowsInputsThroughOtherOperations) {
  Graph graph;
  const Scope scope(&graph);
  const Output x = Const(scope, 1.0f);
  const Output other = Const(scope, 2.0f);
  const Output y = Mul(scope, Add(scope, x, x), Const(scope, 3.0f));
  EXPECT_TRUE(DependsOn(y, x));
  EXPECT_TRUE(DependsOn(x, x));
  EXPECT_FALSE(DependsOn(y, other));
  EXPECT_FALSE(DependsOn(x, y));
}

TEST(DependsOnTest, ControlDependenciesAndOtherOutputsDoNotCount) {
  Graph graph;
  const Scope scope(&graph);
  const Output x = Const(scope, Tensor::FromVector<int32_t>({1, 2}));
  const Operation unique = scope.Op("Unique").In(x).Finish();
  const Output y = Identity(scope, {unique, 0});
  EXPECT_TRUE(DependsOn(y, {unique, 0}));
  EXPECT_FALSE(DependsOn(y, {unique, 1}));
  const Output after = scope.Op("Identity").In(Const(scope, 1.0f)).Control(unique).Out();
  EXPECT_FALSE(DependsOn(after, x));
}

TEST(DependsOnTest, NothingDependsOnNothing) {
  Graph graph;
  EXPECT_FALSE(DependsOn(Const(Scope(&graph), 1.0f), {}));
  EXPECT_FALSE(DependsOn({}, {}));
}

}  // namespace
}  // namespace trainyard::tf

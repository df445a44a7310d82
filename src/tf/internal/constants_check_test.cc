#include "tf/internal/constants_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/wire.h"

namespace trainyard::tf::internal {
namespace {

constexpr uint64_t kFloat = 1, kInt32 = 3;

WireWriter Constant(uint64_t says, uint64_t holds) {
  WireWriter tensor;
  tensor.Varint(1, holds).Bytes(4, std::string(4, '\0'));
  WireWriter type;
  type.Varint(6, says);
  WireWriter value;
  value.Message(8, tensor);
  WireWriter node;
  node.Bytes(1, "two").Bytes(2, "Const").MapEntry(5, "dtype", type).MapEntry(5, "value", value);
  return node;
}

std::string SavedModelOf(const WireWriter& graph) {
  WireWriter meta_graph;
  meta_graph.Message(2, graph);
  return WireWriter().Varint(1, 1).Message(2, meta_graph).str();
}

std::string InGraph(const WireWriter& node) { return SavedModelOf(WireWriter().Message(1, node)); }

std::string InFunction(const WireWriter& node) {
  WireWriter function;
  function.Message(3, node);
  WireWriter library;
  library.Message(1, function);
  return SavedModelOf(WireWriter().Message(2, library));
}

TEST(ConstantsCheckTest, FindsAConstantThatHoldsAnotherTypeThanItSays) {
  for (const auto& place : {InGraph, InFunction}) {
    EXPECT_TRUE(CheckConstants(place(Constant(kFloat, kFloat))).ok());
    EXPECT_EQ(CheckConstants(place(Constant(kFloat, kInt32))),
              DataLossError("the constant \"two\" says it is of type 1 and holds type 3: it is "
                            "damaged"));
  }
}

TEST(ConstantsCheckTest, LeavesToTensorFlowWhatItCannotRead) {
  const std::string whole = InGraph(Constant(kFloat, kFloat));
  for (size_t length = 0; length < whole.size(); ++length) {
    EXPECT_TRUE(CheckConstants(whole.substr(0, length)).ok());
  }
}

}  // namespace
}  // namespace trainyard::tf::internal

#include "train/checkpoints/graph_def_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/wire.h"
#include "tf/graph.h"
#include "tf/ops.h"

namespace trainyard::train {
namespace {

using ::testing::HasSubstr;

std::string TextOf(const tf::Graph& graph) {
  const Result<std::string> text = FormatGraphDef(graph.Serialize().value());
  EXPECT_TRUE(text.ok()) << text.status();
  return text.ok() ? *text : "";
}

TEST(FormatGraphDefTest, ANodeHasItsNameInputsDeviceAndSortedAttributes) {
  tf::Graph graph;
  const tf::Scope scope(&graph);
  const tf::Output x = tf::Placeholder(scope, tf::DataType::kFloat, {-1, 2}, "x");
  scope.OnDevice("/job:ps/task:0").Op("Relu", "y").In(x).Out();
  EXPECT_THAT(TextOf(graph), HasSubstr(R"(node {
  name: "x"
  op: "Placeholder"
  attr {
    key: "dtype"
    value {
      type: DT_FLOAT
    }
  }
  attr {
    key: "shape"
    value {
      shape {
        dim {
          size: -1
        }
        dim {
          size: 2
        }
      }
    }
  }
}
node {
  name: "y"
  op: "Relu"
  input: "x"
  device: "/job:ps/task:0"
)"));
}

TEST(FormatGraphDefTest, TensorsListsAndStringsAreWrittenOut) {
  tf::Graph graph;
  const tf::Scope scope(&graph);
  tf::Const(scope, tf::Tensor::StringScalar("a\"b\\c\n\x01\xff"), "text");
  tf::Const(scope, -0.25f);
  const tf::Output x = tf::Placeholder(scope, tf::DataType::kFloat, {}, "x");
  scope.Op("Squeeze").In(tf::Reshape(scope, x, {1, 1})).Ints("squeeze_dims", {0, -1}).Out();
  const std::string text = TextOf(graph);
  EXPECT_THAT(text, HasSubstr(R"(string_val: "a\"b\\c\n\001\377")"));
  EXPECT_THAT(text, HasSubstr("float_val: -0.25\n"));
  EXPECT_THAT(text, HasSubstr("list {\n        i: 0\n        i: -1\n      }"));
}

TEST(FormatGraphDefTest, WhatIsNoGraphIsRefused) {
  EXPECT_EQ(FormatGraphDef(WireWriter().Varint(77, 1).str()).status().message(),
            "cannot write the graph as text: a GraphDef has a field 77, which has no name here");
  EXPECT_THAT(FormatGraphDef("\x0a\x7f").status().message(), HasSubstr("a GraphDef is cut off"));
}

}  // namespace
}  // namespace trainyard::train

#include "serving/batching/row_tensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace trainyard::serving {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

tf::Tensor Numbers(const tf::Shape& shape, const std::vector<float>& values) {
  return tf::Tensor::FromValues<float>(shape, values);
}
tf::Tensor Strings(const tf::Shape& shape, const std::vector<std::string>& values) {
  return tf::Tensor::FromStrings(shape, values);
}

Result<tf::Tensor> Join(const std::vector<const tf::Tensor*>& tensors, int64_t rows,
                        bool pad = false) {
  return JoinRows(tensors, {.name = "x", .rows = rows, .pad = pad});
}

TEST(RowTensorsTest, RowsStandInOrderAndComeBack) {
  const tf::Tensor a = Numbers({2, 2}, {1, 2, 3, 4});
  const tf::Tensor b = Numbers({1, 2}, {5, 6});
  const tf::Tensor joined = Join({&a, &b}, 3).value();
  EXPECT_EQ(joined.shape(), (tf::Shape{3, 2}));
  EXPECT_THAT(joined.data<float>(), ElementsAre(1, 2, 3, 4, 5, 6));
  const tf::Tensor back = TakeRows(joined, 2, 1);
  EXPECT_EQ(back.shape(), (tf::Shape{1, 2}));
  EXPECT_THAT(back.data<float>(), ElementsAre(5, 6));
}

TEST(RowTensorsTest, WhatIsMissingIsTheLastTensorsFirstRow) {
  const tf::Tensor a = Numbers({1}, {1});
  const tf::Tensor b = Numbers({2}, {2, 3});
  EXPECT_THAT(Join({&a, &b}, 5).value().data<float>(), ElementsAre(1, 2, 3, 2, 2));
}

TEST(RowTensorsTest, StringsGoTheSameWay) {
  const tf::Tensor a = Strings({1, 2}, {"a", "a string too long to be kept in place"});
  const tf::Tensor b = Strings({1, 2}, {"c", ""});
  const tf::Tensor joined = Join({&a, &b}, 3).value();
  EXPECT_EQ(joined.shape(), (tf::Shape{3, 2}));
  EXPECT_THAT(joined.strings(),
              ElementsAre("a", "a string too long to be kept in place", "c", "", "c", ""));
  EXPECT_THAT(TakeRows(joined, 1, 2).strings(), ElementsAre("c", "", "c", ""));
}

TEST(RowTensorsTest, PaddingRepeatsEachTensorsFirstValue) {
  const tf::Tensor a = Numbers({1, 1, 2}, {7, 8});
  const tf::Tensor b = Numbers({1, 2, 1}, {3, 4});
  const tf::Tensor joined = Join({&a, &b}, 2, true).value();
  EXPECT_EQ(joined.shape(), (tf::Shape{2, 2, 2}));
  EXPECT_THAT(joined.data<float>(), ElementsAre(7, 8, 7, 7, 3, 3, 4, 3));
  const tf::Tensor words = Strings({1, 1}, {"w"});
  const tf::Tensor more = Strings({1, 2}, {"x", "y"});
  EXPECT_THAT(Join({&words, &more}, 2, true).value().strings(), ElementsAre("w", "w", "x", "y"));
}

TEST(RowTensorsTest, AnEmptyRowIsPaddedWithZeros) {
  const tf::Tensor a = Numbers({1, 0}, {});
  const tf::Tensor b = Numbers({1, 2}, {3, 4});
  EXPECT_THAT(Join({&a, &b}, 2, true).value().data<float>(), ElementsAre(0, 0, 3, 4));
}

TEST(RowTensorsTest, WhatDoesNotFitIsAnError) {
  const tf::Tensor a = Numbers({1, 1}, {1});
  const tf::Tensor wider = Numbers({1, 2}, {1, 2});
  const tf::Tensor flat = Numbers({1}, {1});
  const tf::Tensor text = Strings({1, 1}, {"1"});
  EXPECT_EQ(Join({&a, &wider}, 2).status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(Join({&a, &wider}, 2).status().message(), HasSubstr("'x' from different tasks"));
  EXPECT_EQ(Join({&a, &flat}, 2, true).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Join({&a, &text}, 2, true).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace trainyard::serving

#include "tf/tensor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace trainyard::tf {
namespace {

using ::testing::ElementsAre;

TEST(TensorTest, HoldsValuesShapeAndType) {
  const Tensor tensor = Tensor::FromValues<float>({2, 2}, std::vector<float>{1, 2, 3, 4});
  EXPECT_EQ(tensor.dtype(), DataType::kFloat);
  EXPECT_THAT(tensor.shape(), ElementsAre(2, 2));
  EXPECT_THAT(tensor.data<float>(), ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(tensor.num_bytes(), 16u);
  EXPECT_EQ(Tensor::Scalar<int64_t>(7).scalar<int64_t>(), 7);
}

TEST(TensorTest, ReshapingKeepsTheMemory) {
  Tensor flat = Tensor::FromVector<int32_t>({1, 2, 3, 4, 5, 6});
  const void* memory = flat.raw();
  const Tensor table = std::move(flat).ReshapedTo({2, 3, 1});
  EXPECT_TRUE(flat.empty());
  EXPECT_THAT(table.shape(), ElementsAre(2, 3, 1));
  EXPECT_EQ(table.dtype(), DataType::kInt32);
  EXPECT_EQ(table.raw(), memory);
  EXPECT_THAT(table.data<int32_t>(), ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(TensorTest, HoldsStringsShortAndLong) {
  const std::vector<std::string> values = {"", "short", std::string(500, 'x')};
  const Tensor tensor = Tensor::FromStrings({3}, values);
  EXPECT_EQ(tensor.strings(), values);
  EXPECT_EQ(tensor.dtype(), DataType::kString);
}

TEST(TensorTest, EmptyTensorsAreHarmless) {
  const Tensor none;
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(none.dtype(), DataType::kInvalid);
  const Tensor zero = Tensor::Allocate(DataType::kFloat, {0});
  EXPECT_FALSE(zero.empty());
  EXPECT_EQ(zero.num_elements(), 0);
}

TEST(TypesTest, ShapesReadLikeTensorFlows) {
  EXPECT_EQ(ShapeToString({-1, 28, 28, 1}), "[?,28,28,1]");
  EXPECT_EQ(ShapeToString({}), "[]");
  EXPECT_EQ(DataTypeName(DataType::kBfloat16), "bfloat16");
  EXPECT_EQ(DataTypeSize(DataType::kBfloat16), 2u);
  EXPECT_EQ(DataTypeSize(DataType::kString), 0u);
}

}  // namespace
}  // namespace trainyard::tf

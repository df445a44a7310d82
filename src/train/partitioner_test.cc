#include "train/partitioner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace trainyard::train {
namespace {

using ::testing::ElementsAre;

std::vector<int64_t> Sizes(const MinMaxVariablePartitioner& partitioner, const tf::Shape& shape,
                           tf::DataType dtype = tf::DataType::kFloat) {
  std::vector<int64_t> sizes;
  int64_t begin = 0;
  for (const RowRange& range : PartitionRows(partitioner, shape, dtype)) {
    EXPECT_EQ(range.begin, begin);
    begin += range.size;
    sizes.push_back(range.size);
  }
  return sizes;
}

TEST(PartitionRowsTest, ALargeVariableHasAPartForEachServer) {
  EXPECT_THAT(Sizes({.max_partitions = 2}, {10000, 64}), ElementsAre(5000, 5000));
  EXPECT_THAT(Sizes({.max_partitions = 3}, {10000, 64}), ElementsAre(3334, 3333, 3333));
}

// 256 KiB are 1024 rows of 64 floats.
TEST(PartitionRowsTest, ASmallOneHasAsManyAsItsSizeIsWorth) {
  EXPECT_THAT(Sizes({.max_partitions = 8}, {1024, 64}), ElementsAre(1024));
  EXPECT_THAT(Sizes({.max_partitions = 8}, {1025, 64}), ElementsAre(513, 512));
  EXPECT_THAT(Sizes({.max_partitions = 8}, {1025, 64}, tf::DataType::kBfloat16), ElementsAre(1025));
  EXPECT_THAT(Sizes({.max_partitions = 8}, {4, 3, 1 << 20}), ElementsAre(1, 1, 1, 1));
}

TEST(PartitionRowsTest, SomeStayWhole) {
  EXPECT_EQ(Sizes({.max_partitions = 8, .min_slice_size = 1}, {}).size(), 1u);
  EXPECT_THAT(Sizes({.max_partitions = 1}, {100000, 64}), ElementsAre(100000));
  EXPECT_THAT(Sizes({.max_partitions = 8, .min_slice_size = 1}, {9}, tf::DataType::kString),
              ElementsAre(9));
  EXPECT_THAT(Sizes({.max_partitions = 8, .min_slice_size = 1}, {0, 4}), ElementsAre(0));
}

TEST(ShapeAndSliceTest, NamesTheRows) {
  EXPECT_EQ(ShapeAndSlice({10, 4}, {.begin = 0, .size = 5}), "10 4 0,5:-");
  EXPECT_EQ(ShapeAndSlice({7}, {.begin = 4, .size = 3}), "7 4,3");
  EXPECT_EQ(ShapeAndSlice({9, 2, 3}, {.begin = 3, .size = 6}), "9 2 3 3,6:-:-");
}

}  // namespace
}  // namespace trainyard::train

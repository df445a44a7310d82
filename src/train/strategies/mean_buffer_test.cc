#include "train/strategies/mean_buffer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <optional>

namespace trainyard::train {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

std::vector<float> ValuesOf(const tf::Tensor& tensor) {
  const auto values = tensor.data<float>();
  return {values.begin(), values.end()};
}

TEST(MeanBufferTest, GivesBackEachArrayInItsShape) {
  MeanBuffer buffer({{2, 2}, {}, {3}});
  buffer.Put(0, std::array{1.f, 2.f, 3.f, 4.f});
  buffer.Put(1, std::array{5.f});
  buffer.Put(2, std::array{6.f, 7.f, 8.f});
  EXPECT_EQ(buffer.Mean(0).shape(), (tf::Shape{2, 2}));
  EXPECT_THAT(ValuesOf(buffer.Mean(0)), ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(buffer.First(1), 5);
  EXPECT_THAT(ValuesOf(buffer.Mean(2)), ElementsAre(6, 7, 8));
}

TEST(MeanBufferTest, ArraysBeginWhereTensorFlowNeedNotCopyThem) {
  MeanBuffer buffer({{1}, {17}, {1}});
  for (const size_t i : {0u, 1u, 2u}) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer.Mean(i).raw()) % 64, 0u);
  }
  EXPECT_EQ(buffer.num_floats(), 16u + 32u + 16u);
}

TEST(MeanBufferTest, WhatTheExchangeWritesIsWhatMeansHold) {
  MeanBuffer buffer({tf::Shape{2}});
  const tf::Tensor mean = buffer.Mean(0);
  for (float& value : buffer.all()) value = 9;
  EXPECT_THAT(ValuesOf(mean), Each(9));
}

TEST(MeanBufferTest, ANewStepLeavesTensorsAloneThatAreStillHeld) {
  MeanBuffer buffer({tf::Shape{2}});
  buffer.Put(0, std::array{1.f, 2.f});
  std::optional<tf::Tensor> held = buffer.Mean(0);
  buffer.Begin(/*clear=*/false);
  buffer.Put(0, std::array{3.f, 4.f});
  EXPECT_THAT(ValuesOf(*held), ElementsAre(1, 2));
  const float* place = buffer.all().data();
  held.reset();
  buffer.Begin(/*clear=*/true);  // nobody holds it: the same memory again
  EXPECT_EQ(buffer.all().data(), place);
  EXPECT_THAT(ValuesOf(buffer.Mean(0)), Each(0));
}

TEST(MeanBufferTest, AnEmptyArrayIsNothingToExchange) {
  MeanBuffer buffer({tf::Shape{0, 4}});
  EXPECT_EQ(buffer.num_floats(), 0u);
  EXPECT_TRUE(ValuesOf(buffer.Mean(0)).empty());
}

}  // namespace
}  // namespace trainyard::train

#include "train/loop/bfloat16_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tf/runtime.h"

namespace trainyard::train {
namespace {

TEST(Bfloat16ChoiceTest, TakesWhatWasFasterAndSaysSo) {
  const Bfloat16Choice faster = ChooseBfloat16(Bfloat16Timing{4.04, 2.5});
  EXPECT_TRUE(faster.use);
  EXPECT_EQ(faster.reason,
            "bfloat16 is faster on this processor (2.5 ms against 4.0): training in bfloat16");
  const Bfloat16Choice slower = ChooseBfloat16(Bfloat16Timing{4, 5.26});
  EXPECT_FALSE(slower.use);
  EXPECT_EQ(slower.reason,
            "bfloat16 is not faster on this processor (5.3 ms against 4.0): training in float32");
  EXPECT_FALSE(ChooseBfloat16(Bfloat16Timing{4, 4}).use);
}

TEST(Bfloat16ChoiceTest, WhereThereIsNoneItSaysWhyAndTakesFloat32) {
  const Bfloat16Choice choice = ChooseBfloat16(UnimplementedError("no kernel for MatMul"));
  EXPECT_FALSE(choice.use);
  EXPECT_THAT(choice.reason, ::testing::HasSubstr("no kernel for MatMul"));
}

TEST(Bfloat16ChoiceTest, MeasuresBoth) {
  const Result<Bfloat16Timing> timing = MeasureBfloat16(0, 0);
  if (!tf::HasFastBfloat16() && !timing.ok()) return;  // no kernels here, and it says so
  ASSERT_TRUE(timing.ok()) << timing.status();
  EXPECT_GT(timing->float32_ms, 0);
  EXPECT_GT(timing->bfloat16_ms, 0);
}

}  // namespace
}  // namespace trainyard::train

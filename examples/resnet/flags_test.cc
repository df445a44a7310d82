#include "resnet/flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace resnet {
namespace {

using ::testing::HasSubstr;

TEST(FlagsTest, AreRead) {
  const auto flags = ParseFlags({"--filters=4", "--blocks", "2", "--bfloat16", "--seed=7"});
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_EQ(flags->model.filters, 4);
  EXPECT_EQ(flags->model.blocks, 2);
  EXPECT_TRUE(flags->bfloat16);
  EXPECT_EQ(flags->seed, 7);
  EXPECT_TRUE(flags->help.empty());
}

TEST(FlagsTest, AMistakeIsNamed) {
  for (const char* flag :
       {"--filters=0", "--learning_rate=nan", "--batch_size=x", "--max_shift=28", "--rows=3"}) {
    const auto flags = ParseFlags({flag});
    ASSERT_FALSE(flags.ok()) << flag;
    const std::string name(flag, std::string_view(flag).find('='));
    EXPECT_THAT(flags.status().message(), HasSubstr(name));
  }
}

}  // namespace
}  // namespace resnet

#include "tabular/flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tabular {
namespace {

using ::testing::HasSubstr;

TEST(FlagsTest, AreRead) {
  const auto flags = ParseFlags(
      {"--embedding_size=4", "--hidden_units", "16", "--seed=7", "--min_slice_size=1000"});
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_EQ(flags->model.embedding_size, 4);
  EXPECT_EQ(flags->model.hidden_units, 16);
  EXPECT_EQ(flags->seed, 7);
  EXPECT_EQ(flags->min_slice_size, 1000);
  EXPECT_TRUE(flags->help.empty());
}

TEST(FlagsTest, AMistakeIsNamed) {
  for (const char* flag :
       {"--embedding_size=0", "--learning_rate=nan", "--batch_size=x", "--rows=3"}) {
    const auto flags = ParseFlags({flag});
    ASSERT_FALSE(flags.ok()) << flag;
    const std::string name(flag, std::string_view(flag).find('='));
    EXPECT_THAT(flags.status().message(), HasSubstr(name));
  }
}

}  // namespace
}  // namespace tabular

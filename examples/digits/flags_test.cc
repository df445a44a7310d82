#include "digits/flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace digits {
namespace {

using ::testing::HasSubstr;
using trainyard::StatusCode;

TEST(FlagsTest, TheDefaultsAreTheExamplesOwnSettings) {
  const Flags flags = ParseFlags({}).value();
  EXPECT_EQ(flags.model_dir, "out/digits/model");
  EXPECT_EQ(flags.batch_size, 100);
  EXPECT_EQ(flags.model.max_steps, 1200);
  EXPECT_EQ(flags.model.hidden_layers, 2);
  EXPECT_FALSE(flags.seed.has_value());
  EXPECT_FALSE(flags.bfloat16);
}

TEST(FlagsTest, TheTutorialsSpellingsWork) {
  const Flags flags = ParseFlags({"--steps", "7", "--hidden_layers=3", "--learning_rate", "0.01",
                                  "--export_dir", "e"})
                          .value();
  EXPECT_EQ(flags.model.max_steps, 7);
  EXPECT_EQ(flags.model.hidden_layers, 3);
  EXPECT_EQ(flags.model.learning_rate, 0.01);
  EXPECT_EQ(flags.export_dir, "e");
  EXPECT_EQ(ParseFlags({"--max_steps=8", "--seed=-1"})->model.max_steps, 8);
  EXPECT_TRUE(ParseFlags({"--precision=bfloat16"})->bfloat16);
  EXPECT_TRUE(ParseFlags({"--force_bfloat16"})->force_bfloat16);
}

TEST(FlagsTest, MistakesAreOneLineThatNamesTheFlag) {
  const std::pair<std::string, std::string> table[] = {
      {"--batch_size=0", "--batch_size: Value 0 not in range"},
      {"--max_steps=0", "--max_steps: Value 0 not in range"},
      {"--max_steps=many", "--max_steps"},
      {"--hidden_layers=5", "--hidden_layers: Value 5 not in range"},
      {"--learning_rate=0", "--learning_rate: Value 0 not in range"},
      {"--learning_rate=nan", "--learning_rate: Value nan not in range"},
      {"--precision=int8", "--precision: int8 not in"},
      {"--eval_steps=0", "--eval_steps: Value 0 not in range"},
      {"--save_checkpoints_steps=-5", "--save_checkpoints_steps: Value -5 not in range"},
      {"--model=x", "--model=x"},
      {"rest", "rest"},
  };
  for (const auto& [argument, message] : table) {
    const auto flags = ParseFlags({argument});
    ASSERT_FALSE(flags.ok()) << argument;
    EXPECT_EQ(flags.error().code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(flags.error().message(), HasSubstr(message));
    EXPECT_EQ(flags.error().message().find('\n'), std::string::npos) << flags.error().message();
  }
}

TEST(FlagsTest, HelpShowsAnExample) {
  EXPECT_THAT(ParseFlags({"--help"})->help, HasSubstr("digits --max_steps 400"));
}

}  // namespace
}  // namespace digits

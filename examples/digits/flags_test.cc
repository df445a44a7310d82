#include "digits/flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/files.h"

namespace digits {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using trainyard::JoinPath;
using trainyard::StatusCode;
using trainyard::TemporaryDirectory;

trainyard::Result<Flags> Parse(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "--model_dir=m");
  return ParseFlags(arguments);
}

TEST(FlagsTest, TheDefaultsAreTheExamplesOwnSettings) {
  const Flags flags = Parse({}).value();
  EXPECT_EQ(flags.model_dir, "m");
  EXPECT_EQ(flags.batch_size, 100);
  EXPECT_EQ(flags.max_steps, 1200);
  EXPECT_EQ(flags.hidden_layers, 2);
  EXPECT_FALSE(flags.seed.has_value());
  EXPECT_FALSE(flags.bfloat16);
}

TEST(FlagsTest, TheTutorialsSpellingsWork) {
  const Flags flags =
      Parse({"--steps", "7", "--hidden_layers=3", "--learning_rate", "0.01", "--export_dir", "e"})
          .value();
  EXPECT_EQ(flags.max_steps, 7);
  EXPECT_EQ(flags.hidden_layers, 3);
  EXPECT_EQ(flags.learning_rate, 0.01);
  EXPECT_EQ(flags.export_dir, "e");
  EXPECT_EQ(Parse({"--max_steps=8", "--seed=-1"})->max_steps, 8);
  EXPECT_TRUE(Parse({"--precision=bfloat16"})->bfloat16);
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
    const auto flags = Parse({argument});
    ASSERT_FALSE(flags.ok()) << argument;
    EXPECT_EQ(flags.error().code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(flags.error().message(), HasSubstr(message));
    EXPECT_EQ(flags.error().message().find('\n'), std::string::npos) << flags.error().message();
  }
  EXPECT_THAT(ParseFlags({}).error().message(), StartsWith("--model_dir is required"));
}

TEST(FlagsTest, HelpShowsAnExample) {
  EXPECT_THAT(ParseFlags({"--help"})->help, HasSubstr("digits --model_dir out/model"));
}

TEST(FindDataTest, LooksUpwardsAndSaysWhatToDo) {
  ::unsetenv("TRAINYARD_DATA");
  const TemporaryDirectory root;
  const std::string below = JoinPath(root.path(), "a/b");
  const auto missing = FindData(below);
  EXPECT_EQ(missing.status().code(), StatusCode::kNotFound);
  EXPECT_THAT(missing.status().message(), HasSubstr("run 'make setup'"));
  const std::string data = JoinPath(root.path(), ".deps/mnist");
  ASSERT_TRUE(trainyard::MakeDirectories(data).ok());
  EXPECT_EQ(FindData(below).value(), data);
  ::setenv("TRAINYARD_DATA", "/elsewhere", 1);
  EXPECT_EQ(FindData(below).value(), "/elsewhere");
  ::unsetenv("TRAINYARD_DATA");
}

}  // namespace
}  // namespace digits

#include "serving/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace trainyard::serving {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Args = std::vector<std::string>;

TEST(CommandLineTest, TakesValuesWithAndWithoutEqualsSign) {
  const Args args = {"--model_name=digits",
                     "--model_base_path",
                     "/models",
                     "--port",
                     "0",
                     "--file_system_poll_wait_seconds=5",
                     "--enable_serialization_as_tensor_content"};
  const ServerOptions options = ParseCommandLine(args).value().options;
  EXPECT_EQ(options.model_name, "digits");
  EXPECT_EQ(options.model_base_path, "/models");
  EXPECT_EQ(options.port, 0);
  EXPECT_EQ(options.poll_seconds, 5);
  EXPECT_TRUE(options.answer_tensor_content);
}

TEST(CommandLineTest, HasTensorFlowServingsDefaultsOnTheLoopback) {
  const Args args = {"--model_base_path=/models"};
  const ServerOptions options = ParseCommandLine(args).value().options;
  EXPECT_EQ(options.host, "127.0.0.1");
  EXPECT_EQ(options.port, 8500);
  EXPECT_EQ(options.model_name, "default");
  EXPECT_EQ(options.poll_seconds, 1);
  EXPECT_FALSE(options.answer_tensor_content);
}

TEST(CommandLineTest, RefusesInOneLineThatNamesTheFlag) {
  const struct {
    Args args;
    std::string names;
  } cases[] = {
      {{"--model_base_path=/m", "--colour=red"}, "--colour"},
      {{"--model_base_path=/m", "--port=70000"}, "--port"},
      {{"--model_base_path=/m", "--port=x"}, "--port"},
      {{"--model_base_path=/m", "--port"}, "--port"},
      {{"--model_base_path=/m", "--file_system_poll_wait_seconds=-1"},
       "--file_system_poll_wait_seconds"},
      {{"--model_base_path=/m", "stray"}, "stray"},
      {{"--model_name=m"}, "--model_base_path"},
  };
  for (const auto& c : cases) {
    const auto line = ParseCommandLine(c.args);
    ASSERT_FALSE(line.ok()) << c.names;
    EXPECT_THAT(line.error().message(), HasSubstr(c.names));
    EXPECT_THAT(line.error().message(), Not(HasSubstr("\n")));
  }
}

TEST(CommandLineTest, HelpNamesEveryFlagAndGivesAnExample) {
  EXPECT_TRUE(ParseCommandLine(Args{"--help"}).value().help);
  for (const char* text : {"--host", "--port", "--model_name", "--model_base_path",
                           "--file_system_poll_wait_seconds", "--tensorflow_intra_op_parallelism",
                           "--tensorflow_inter_op_parallelism", "this machine only", "Example:"}) {
    EXPECT_THAT(HelpText(), HasSubstr(text));
  }
}

}  // namespace
}  // namespace trainyard::serving

#include "serving/models/config_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "base/files.h"

namespace trainyard::serving {
namespace {

using ::testing::HasSubstr;

std::string ConfigOf(const std::string& name) {
  return "model_config_list { config { name: \"" + name +
         "\" base_path: \"/m\" model_platform: \"tensorflow\" } }";
}

class ConfigFileTest : public ::testing::Test {
 protected:
  void Write(const std::string& text) { ASSERT_TRUE(WriteFileAtomically(path_, text).ok()); }

  TemporaryDirectory dir_;
  const std::string path_ = JoinPath(dir_.path(), "models.config");
  std::vector<std::string> applied_;
  ConfigFile file_{{.path = path_}, [this](const std::vector<ModelSettings>& models) {
                     applied_.push_back(models.at(0).name);
                   }};
};

TEST_F(ConfigFileTest, AppliesAgainOnlyWhatHasChanged) {
  Write(ConfigOf("a"));
  EXPECT_TRUE(file_.Read().value());
  EXPECT_FALSE(file_.Read().value());
  Write(ConfigOf("a"));
  EXPECT_FALSE(file_.Read().value());
  Write(ConfigOf("b"));
  EXPECT_TRUE(file_.Read().value());
  EXPECT_EQ(applied_, (std::vector<std::string>{"a", "b"}));
}

TEST_F(ConfigFileTest, ABrokenFileChangesNothing) {
  EXPECT_EQ(file_.Read().status().code(), StatusCode::kNotFound);
  Write(ConfigOf("a"));
  EXPECT_TRUE(file_.Read().value());
  Write("model_config_list { config {");
  EXPECT_THAT(file_.Read().status().message(), HasSubstr("Invalid protobuf file: '" + path_));
  Write(ConfigOf("a"));
  EXPECT_FALSE(file_.Read().value());
  EXPECT_EQ(applied_.size(), 1u);
}

TEST_F(ConfigFileTest, ReadsWhenAsked) {
  Write(ConfigOf("a"));
  std::promise<std::string> name;
  ConfigFile file({.path = path_}, [&](const std::vector<ModelSettings>& models) {
    name.set_value(models.at(0).name);
  });
  file.Start("something else");
  file.ReadAgain();
  std::future<std::string> applied = name.get_future();
  ASSERT_EQ(applied.wait_for(std::chrono::seconds(60)), std::future_status::ready);
  EXPECT_EQ(applied.get(), "a");
}

TEST_F(ConfigFileTest, FollowsTheFile) {
  Write(ConfigOf("a"));
  std::promise<std::string> name;
  ConfigFile file(
      {.path = path_, .poll_interval = std::chrono::milliseconds(5)},
      [&](const std::vector<ModelSettings>& models) { name.set_value(models.at(0).name); });
  file.Start(ConfigOf("a"));
  Write(ConfigOf("b"));
  std::future<std::string> applied = name.get_future();
  ASSERT_EQ(applied.wait_for(std::chrono::seconds(60)), std::future_status::ready);
  EXPECT_EQ(applied.get(), "b");
}

}  // namespace
}  // namespace trainyard::serving

#include "serving/models/model_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace trainyard::serving {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string ListOf(const std::string& config) {
  return "model_config_list { config { " + config + " } }";
}

constexpr char kGood[] = R"(name: "m" base_path: "/models/m" model_platform: "tensorflow")";

TEST(ModelConfigTest, ReadsAConfigurationAsUsersWriteIt) {
  const auto models = ParseModelConfig(R"(
    # two models
    model_config_list: {
      config: {
        name: "digits", base_path: "/models/digits", model_platform: "tensorflow",
        model_version_policy: { specific: { versions: 1, versions: 3 } }
        version_labels: { key: "stable" value: 1 }
        version_labels: { key: "canary" value: 3 }
      }
      config { name: "words" base_path: "file:///models/words" model_type: TENSORFLOW
               model_version_policy { latest { num_versions: 2 } } }
      config { name: "all" base_path: "/a" model_platform: 'tensorflow'
               model_version_policy { all {} } }
      config { name: "zero" base_path: "/z" model_platform: "tensorflow"
               model_version_policy { latest {} } }
    })",
                                       "models.config");
  ASSERT_TRUE(models.ok()) << models.status();
  ASSERT_EQ(models->size(), 4u);
  EXPECT_EQ(models->at(0).name, "digits");
  EXPECT_EQ(models->at(0).base_path, "/models/digits");
  EXPECT_EQ(models->at(0).policy.kind, VersionPolicy::Kind::kSpecific);
  EXPECT_THAT(models->at(0).policy.versions, ElementsAre(1, 3));
  EXPECT_EQ(models->at(0).labels, (VersionLabels{{"canary", 3}, {"stable", 1}}));
  EXPECT_EQ(models->at(1).base_path, "/models/words");
  EXPECT_EQ(models->at(1).policy.num_latest, 2);
  EXPECT_EQ(models->at(2).policy.kind, VersionPolicy::Kind::kAll);
  EXPECT_EQ(models->at(3).policy.num_latest, 1);
}

TEST(ModelConfigTest, AnEmptyListIsAConfiguration) {
  EXPECT_TRUE(ParseModelConfig("model_config_list {}", "f").value().empty());
}

TEST(ModelConfigTest, RefusesWithTheKnownTexts) {
  const struct {
    std::string text;
    std::string error;
  } cases[] = {
      {"model_config_list { config { name: } }",
       "Invalid protobuf file: 'f': 1:36: Expected string, got: }"},
      {"models {}", "Invalid protobuf file: 'f': 1:8: Message type"},
      {ListOf("colour: 3"), "has no field named \"colour\""},
      {"", "'f': it has no model_config_list"},
      {ListOf(kGood) + ListOf(kGood), "\"model_config_list\" is specified multiple times"},
      {"model_config_list { config { " + std::string(kGood) + "} config {" + kGood + "} }",
       "Illegal to list model m multiple times in config list"},
      {ListOf(R"(name: "m" base_path: "models" model_platform: "tensorflow")"),
       "Expected model m to have an absolute path or URI; got base_path()=models"},
      {ListOf(R"(name: "m" base_path: "gs://b/m" model_platform: "tensorflow")"),
       "base_path gs://b/m is not a directory of this machine"},
      {ListOf(R"(name: "m" base_path: "/m" model_platform: "torch")"),
       "Model m requests unsupported platform torch"},
      {ListOf(R"(name: "m" base_path: "/m" model_type: OTHER)"),
       "Model m requests unsupported platform other"},
      {ListOf(std::string(kGood) + " model_type: TENSORFLOW"),
       "Illegal setting both model_type(deprecated) and model_platform."},
      {ListOf(R"(name: "m" base_path: "/m")"),
       "Illegal setting neither model_type(deprecated) nor model_platform."},
      {ListOf(R"(base_path: "/m" model_platform: "tensorflow")"), "a model without a name"},
      {ListOf(std::string(kGood) + " model_version_policy { specific {} }"), "names no version"},
  };
  for (const auto& c : cases) {
    const auto models = ParseModelConfig(c.text, "f");
    ASSERT_FALSE(models.ok()) << c.text;
    EXPECT_EQ(models.error().code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(models.error().message(), HasSubstr(c.error));
    EXPECT_THAT(models.error().message(), Not(HasSubstr("\n")));
  }
}

TEST(ModelConfigTest, AReloadNeedsAList) {
  EXPECT_EQ(ToModelSettings({}).error(),
            InvalidArgumentError("ServerModelConfig type not supported by "
                                 "HandleReloadConfigRequest. Only ModelConfigList is currently "
                                 "supported"));
}

}  // namespace
}  // namespace trainyard::serving

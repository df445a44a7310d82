#include "local/launch/container_env.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace trainyard::local {
namespace {

using spec::EnvFrom;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::UnorderedElementsAre;

class ContainerEnvTest : public testing::Test {
 protected:
  ContainerEnvTest() {
    job_.name = "mnist";
    job_.uid = "u-1";
    job_.replicas[spec::ReplicaType::kWorker] = {};
    objects_.config_maps["settings"] = {{"RATE", "0.1"}, {"log.level", "info"}, {"1st", "x"}};
    objects_.secrets["token"] = {{"key", "s3cret"}};
  }

  spec::PodSpec& pod() { return job_.replicas[spec::ReplicaType::kWorker].pod; }
  Result<ContainerVariables> Build() {
    return BuildContainerVariables(job_, {spec::ReplicaType::kWorker, 0}, objects_, own_,
                                   {.host_name = "laptop", .cores = 4, .memory_bytes = 1 << 30});
  }
  std::string Value(const spec::EnvVar& variable) {
    pod().container.env = {variable};
    const auto built = Build();
    return built.ok() ? built->values.at(variable.name) : built.status().message();
  }

  spec::TFJob job_;
  spec::Objects objects_;
  Environment own_;
};

TEST_F(ContainerEnvTest, TakesWholeObjectsThenSingleValues) {
  pod().container.env_from = {{.kind = EnvFrom::Kind::kConfigMap, .object = "settings"},
                              {.kind = EnvFrom::Kind::kSecret, .object = "token", .prefix = "T_"},
                              {.object = "none", .optional = true}};
  pod().container.env = {{.name = "RATE", .value = "0.2"},
                         {.name = "ALL", .value = "$(RATE) $(T_key) $(OUT) $(LATER)"},
                         {.name = "OUT", .value = "theirs"}};
  own_ = {{"OUT", "ours"}};
  const auto built = Build();
  ASSERT_TRUE(built.ok()) << built.status();
  EXPECT_THAT(built->values, UnorderedElementsAre(Pair("RATE", "0.2"), Pair("log.level", "info"),
                                                  Pair("T_key", "s3cret"), Pair("OUT", "ours"),
                                                  Pair("ALL", "0.2 s3cret ours $(LATER)")));
  EXPECT_THAT(built->notes, ElementsAre(HasSubstr("ConfigMap \"settings\"")));
  EXPECT_THAT(built->notes, ElementsAre(HasSubstr(": 1st")));
}

TEST_F(ContainerEnvTest, KnowsThePodsFields) {
  pod().labels = {{"team", "vision"}};
  pod().annotations = {{"note/x", "y"}};
  const std::pair<const char*, const char*> rows[] = {
      {"metadata.name", "mnist-worker-0"},
      {"metadata.namespace", "default"},
      {"metadata.uid", "u-1"},
      {"metadata.labels['team']", "vision"},
      {"metadata.labels['training.kubeflow.org/replica-type']", "worker"},
      {"metadata.labels['none']", ""},
      {"metadata.annotations['note/x']", "y"},
      {"spec.nodeName", "laptop"},
      {"spec.serviceAccountName", "default"},
      {"status.podIP", "127.0.0.1"},
      {"status.hostIP", "127.0.0.1"},
      {"status.phase", "env V: the field status.phase has no value in a local run"},
  };
  for (const auto& [field, expected] : rows) {
    EXPECT_EQ(Value({.name = "V", .field_path = field}), expected);
  }
}

TEST_F(ContainerEnvTest, ResourcesAreLimitsOrWhatTheMachineHas) {
  EXPECT_EQ(Value({.name = "V", .resource_field = "limits.cpu"}), "4");
  EXPECT_EQ(Value({.name = "V", .resource_field = "requests.memory"}), "1073741824");
  pod().container.limits = {.cpu = 0.6, .memory_bytes = int64_t{2} << 30};
  EXPECT_EQ(Value({.name = "V", .resource_field = "limits.cpu"}), "1");
  EXPECT_EQ(Value({.name = "V", .resource_field = "limits.cpu", .resource_divisor = 0.001}), "600");
  EXPECT_EQ(Value({.name = "V", .resource_field = "limits.memory", .resource_divisor = 1 << 20}),
            "2048");
  EXPECT_THAT(Value({.name = "V", .resource_field = "limits.ephemeral-storage"}),
              HasSubstr("has no value"));
}

TEST_F(ContainerEnvTest, MissingObjectsAndKeysAreNamed) {
  EXPECT_EQ(Value({.name = "V", .config_map_key = spec::KeyRef{"settings", "RATE"}}), "0.1");
  EXPECT_EQ(Value({.name = "V", .secret_key = spec::KeyRef{"none", "k"}}),
            "env V, key k: there is no Secret \"none\" in the job's file or in those given with it "
            "(there: token)");
  EXPECT_EQ(Value({.name = "V", .secret_key = spec::KeyRef{"token", "k"}}),
            "env V: Secret \"token\" has no key \"k\"; its keys: key");
  pod().container.env = {{.name = "V", .secret_key = spec::KeyRef{"token", "k", true}},
                         {.name = "W", .config_map_key = spec::KeyRef{"none", "k", true}}};
  EXPECT_TRUE(Build()->values.empty());
  pod().container.env_from = {{.object = "gone"}};
  EXPECT_THAT(Build().status().message(), HasSubstr("envFrom: there is no ConfigMap \"gone\""));
}

TEST_F(ContainerEnvTest, ABatchJobsPodsKnowTheirIndex) {
  job_.rules = spec::JobRules::kBatchJob;
  job_.is_indexed = true;
  EXPECT_EQ(
      Value({.name = "V",
             .field_path = "metadata.annotations['batch.kubernetes.io/job-completion-index']"}),
      "0");
  EXPECT_EQ(Value({.name = "V", .field_path = "metadata.labels['job-name']"}), "mnist");
  EXPECT_EQ(Value({.name = "TF_CONFIG", .value = "own"}), "own");
}

}  // namespace
}  // namespace trainyard::local

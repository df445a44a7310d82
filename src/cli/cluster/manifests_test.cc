#include "cli/cluster/manifests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace trainyard::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kJob[] = R"(apiVersion: kubeflow.org/v1
kind: TFJob
metadata: {name: mnist}
spec:
  tfReplicaSpecs:
    Worker:
      replicas: 2
      template:
        spec:
          containers:
          - {name: tensorflow, image: "a:1", args: [--steps=5], tty: yes, env: [{name: A, value: "1"}]}
)";

std::vector<ManifestObject> Parse(const std::string& text,
                                  const std::vector<std::string>& overrides = {}) {
  auto objects = ParseManifests(text, "f.yaml", overrides);
  EXPECT_TRUE(objects.ok()) << objects.status();
  return objects.ok() ? *objects : std::vector<ManifestObject>();
}

std::string Problem(const std::string& text) {
  const auto objects = ParseManifests(text, "f.yaml", {});
  EXPECT_FALSE(objects.ok());
  return objects.status().message();
}

TEST(ManifestsTest, KeepsEveryFieldWithItsType) {
  const auto objects = Parse(kJob);
  ASSERT_EQ(objects.size(), 1u);
  EXPECT_TRUE(objects[0].is_job);
  EXPECT_EQ(objects[0].ToString(), "tfjob/mnist");
  EXPECT_EQ(objects[0].place, "f.yaml:1:1");
  const kube::Json& worker = objects[0].object["spec"]["tfReplicaSpecs"]["Worker"];
  EXPECT_EQ(worker["replicas"], 2);
  const kube::Json& container = worker["template"]["spec"]["containers"][0];
  EXPECT_EQ(container["tty"], true);
  EXPECT_EQ(container["env"][0]["value"], "1");
}

TEST(ManifestsTest, OverridesReachTheDocument) {
  const auto objects = Parse(kJob, {"Worker.replicas=4", "args.steps=9"});
  ASSERT_EQ(objects.size(), 1u);
  const kube::Json& worker = objects[0].object["spec"]["tfReplicaSpecs"]["Worker"];
  EXPECT_EQ(worker["replicas"], 4);
  EXPECT_EQ(worker["template"]["spec"]["containers"][0]["args"], kube::Json::array({"--steps=9"}));
}

TEST(ManifestsTest, OtherKindsComeAlongInOrder) {
  const auto objects = Parse(std::string("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"
                                         "data: {a: b}\n---\n") +
                             kJob);
  ASSERT_EQ(objects.size(), 2u);
  EXPECT_EQ(objects[0].ToString(), "configmap/c");
  EXPECT_FALSE(objects[0].is_job);
}

TEST(ManifestsTest, MistakesSayWhereTheyAre) {
  EXPECT_THAT(Problem("kind: [\n"), StartsWith("f.yaml:"));
  EXPECT_THAT(Problem("kind: ConfigMap\nmetadata: {name: c}\n"),
              HasSubstr("f.yaml:1:1: apiVersion: must be required"));
  EXPECT_THAT(Problem("apiVersion: v1\nkind: ConfigMap\n"), HasSubstr("metadata.name"));
  EXPECT_THAT(Problem(""), HasSubstr("there is no object in it"));
  std::string job = kJob;
  job.replace(job.find("replicas: 2"), 11, "replicas: x");
  EXPECT_THAT(Problem(job), StartsWith("f.yaml:7:"));
}

}  // namespace
}  // namespace trainyard::cli

#include "spec/overrides.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace trainyard::spec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(OverridesTest, MakesMapsOnTheWayAndFollowsLists) {
  auto documents = ParseYaml("spec: {replicaSpecs: [{replicas: 1}]}", "f");
  ASSERT_TRUE(documents.ok());
  Node& root = documents->front();
  ASSERT_TRUE(ApplyToDocument("spec.runPolicy.backoffLimit=3", &root).ok());
  ASSERT_TRUE(ApplyToDocument("spec.replicaSpecs[0].replicas=5", &root).ok());
  ASSERT_TRUE(ApplyToDocument("metadata.name=\"3\"", &root).ok());
  EXPECT_EQ(root.Find("spec")->Find("runPolicy")->Find("backoffLimit")->kind, Node::Kind::kInt);
  EXPECT_EQ(root.Find("spec")->Find("replicaSpecs")->items[0].Find("replicas")->text, "5");
  EXPECT_EQ(root.Find("metadata")->Find("name")->kind, Node::Kind::kString);
}

TEST(OverridesTest, AReplicaTypeIsFoundInEveryVersion) {
  auto documents = ParseYaml(
      "{spec: {replicaSpecs: [{replicas: 1}, {tfReplicaType: WORKER, replicas: 2}]}}\n"
      "---\n{spec: {tfReplicaSpecs: {WORKER: {replicas: 2}}}}\n---\n{kind: Job, spec: {}}",
      "f");
  ASSERT_TRUE(documents.ok());
  Node* list = (*documents)[0].Find("spec")->Find("replicaSpecs");
  ASSERT_TRUE(ApplyToDocument("worker.replicas=5", &(*documents)[0]).ok());
  EXPECT_EQ(list->items[1].Find("replicas")->text, "5");
  EXPECT_THAT(ApplyToDocument("PS.replicas=5", &(*documents)[0]).message(),
              HasSubstr("the job has no replica of type PS"));
  ASSERT_TRUE(ApplyToDocument("worker.replicas=5", &(*documents)[1]).ok());
  const Node* map = (*documents)[1].Find("spec")->Find("tfReplicaSpecs");
  EXPECT_EQ(map->Find("WORKER")->Find("replicas")->text, "5");
  EXPECT_THAT(ApplyToDocument("Worker.replicas=5", &(*documents)[2]).message(),
              HasSubstr("a batch/v1 Job has no replica types; set spec.completions"));
}

TEST(OverridesTest, RefusesWhatCannotBeSet) {
  auto documents = ParseYaml("spec: {a: 1, list: [1]}", "f");
  ASSERT_TRUE(documents.ok());
  Node& root = documents->front();
  for (const auto& [text, message] :
       {std::pair<std::string_view, std::string_view>{"nothing", "expected key=value"},
        {"=3", "expected key=value"},
        {"spec..a=3", "is empty"},
        {"other.a=3", "must start with spec"},
        {"spec.a.b=3", "cannot be set in the number 1"},
        {"spec.list[1]=3", "there is no element [1]"},
        {"spec.list[x]=3", "expected [number]"},
        {"spec.a=[1", "not YAML"}}) {
    EXPECT_THAT(ApplyToDocument(text, &root).message(), HasSubstr(message)) << text;
  }
}

TEST(OverridesTest, ChangesOrAppendsAFlag) {
  TFJob job;
  job.replicas[ReplicaType::kChief].pod.container.args = {"--steps=1", "--rate", "0.1", "--fast",
                                                          "--x=1"};
  job.replicas[ReplicaType::kPs].pod.container.args = {};
  ASSERT_TRUE(ApplyToArguments("args.steps=2", &job).ok());
  ASSERT_TRUE(ApplyToArguments("chief.args.rate=0.2", &job).ok());
  EXPECT_THAT(job.replicas[ReplicaType::kChief].pod.container.args,
              ElementsAre("--steps=2", "--rate", "0.2", "--fast", "--x=1"));
  EXPECT_THAT(job.replicas[ReplicaType::kPs].pod.container.args, ElementsAre("--steps=2"));
  EXPECT_THAT(ApplyToArguments("worker.args.a=1", &job).message(), HasSubstr("no replica of type"));
}

}  // namespace
}  // namespace trainyard::spec

#include "cli/job_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "spec/job_file.h"

namespace trainyard::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string JobText(const std::string& name, const std::string& more = "") {
  return "apiVersion: kubeflow.org/v1\nkind: TFJob\nmetadata: {name: " + name +
         "}\nspec:\n  tfReplicaSpecs:\n    Worker:\n      template:\n        spec:\n"
         "          containers:\n          - name: tensorflow\n            command: [train]\n" +
         more;
}
constexpr char kNeedsSettings[] =
    "            envFrom:\n            - configMapRef: {name: settings}\n";
constexpr char kSettings[] =
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {rate: '0.1'}\n";

class JobFilesTest : public testing::Test {
 protected:
  std::string Path(const std::string& name) { return JoinPath(directory_.path(), name); }
  std::string Write(const std::string& name, const std::string& text) {
    EXPECT_TRUE(WriteFileAtomically(Path(name), text).ok());
    return Path(name);
  }

  TemporaryDirectory directory_;
};

TEST_F(JobFilesTest, HoldOneOrMoreJobsEach) {
  const auto jobs = LoadJobFiles(
      {Write("a.yaml", JobText("a") + "---\n" + JobText("b")), Write("c.yaml", JobText("c"))},
      {"Worker.replicas=2"});
  ASSERT_TRUE(jobs.ok()) << jobs.status();
  ASSERT_EQ(jobs->size(), 3u);
  EXPECT_EQ((*jobs)[1].job.name, "b");
  EXPECT_EQ((*jobs)[1].job.NumReplicas(), 2);
  EXPECT_EQ((*jobs)[2].file, Path("c.yaml"));
}

TEST_F(JobFilesTest, EachJobOfAFileKeepsItsOwnTextAndWhatIsShared) {
  const std::string text =
      kSettings + std::string("---\n") + JobText("a", kNeedsSettings) + "---\n" + JobText("b");
  const auto jobs = LoadJobFiles({Write("a.yaml", text)}, {});
  ASSERT_TRUE(jobs.ok()) << jobs.status();
  EXPECT_THAT((*jobs)[0].text, Not(HasSubstr("name: b")));
  for (const LoadedJob& loaded : *jobs) {
    const auto again = spec::ParseJobFile(loaded.text, "f", {.validate = {.require_image = false}});
    ASSERT_TRUE(again.ok()) << again.status();
    ASSERT_EQ(again->jobs.size(), 1u);
    EXPECT_EQ(again->jobs[0], loaded.job);
    EXPECT_EQ(again->objects, loaded.objects);
  }
}

TEST_F(JobFilesTest, WhatAJobLacksIsLookedForBesideIt) {
  const std::string job = Write("job.yaml", JobText("a", kNeedsSettings));
  Write("settings.yml", kSettings);
  Write("notes.yaml", ": this is [no YAML");
  Write("settings.txt", "kind: nothing");
  const auto jobs = LoadJobFiles({job}, {});
  ASSERT_TRUE(jobs.ok()) << jobs.status();
  EXPECT_EQ((*jobs)[0].objects.config_maps.at("settings").at("rate"), "0.1");
  EXPECT_FALSE(LacksObjects((*jobs)[0].job, (*jobs)[0].objects));
}

TEST_F(JobFilesTest, AJobThatLacksNothingLooksNowhere) {
  Write("settings.yaml", kSettings);
  const auto jobs = LoadJobFiles({Write("job.yaml", JobText("a"))}, {});
  EXPECT_TRUE((*jobs)[0].objects.config_maps.empty());
}

TEST_F(JobFilesTest, MistakesNameTheFile) {
  EXPECT_THAT(LoadJobFiles({Path("none.yaml")}, {}).status().message(),
              HasSubstr(Path("none.yaml")));
  EXPECT_THAT(LoadJobFiles({directory_.path()}, {}).status().message(),
              HasSubstr("it is a directory"));
  EXPECT_THAT(LoadJobFiles({Write("x.yaml", "kind: Pod")}, {}).status().message(),
              HasSubstr("x.yaml:1:"));
}

TEST_F(JobFilesTest, AProgramWithCountsIsAJobWithAText) {
  const auto made = MakeJob({"/opt/Train.py", "--steps=5", "$(X)"},
                            {{spec::ReplicaType::kWorker, 2}, {spec::ReplicaType::kPs, 0}}, "");
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->job.name, "train-py");
  EXPECT_EQ(made->job.NumReplicas(), 2);
  const auto read = spec::ParseJobFile(made->text, "f", {.validate = {.require_image = false}});
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->jobs[0].replicas, made->job.replicas);
  EXPECT_FALSE(MakeJob({"x"}, {{spec::ReplicaType::kWorker, 1}}, "Not A Name").ok());
}

TEST_F(JobFilesTest, TheJobOfARecordIsReadWithItsOverridesAndMore) {
  const local::JobStore store(directory_.path());
  local::JobRecord record{.name = "a"};
  record.submission.overrides = {"Worker.replicas=2", "spec.runPolicy.suspend=true"};
  ASSERT_TRUE(store.Write(record, local::JobStore::Durability::kSurvivesKill).ok());
  ASSERT_TRUE(store.WriteJobText(JobText("a"), record.submission).ok());
  const auto loaded = LoadRecordedJob(store, record, {"spec.runPolicy.suspend=false"});
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->job.NumReplicas(), 2);
  EXPECT_FALSE(loaded->job.run_policy.suspend);
  EXPECT_EQ(loaded->text, JobText("a"));
  EXPECT_THAT(loaded->overrides, ElementsAre("Worker.replicas=2", "spec.runPolicy.suspend=true",
                                             "spec.runPolicy.suspend=false"));
}

}  // namespace
}  // namespace trainyard::cli

#include "spec/job_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace trainyard::spec {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

JobFile Parse(std::string_view text, const ParseOptions& options = {}) {
  auto file = ParseJobFile(text, "job.yaml", options);
  EXPECT_TRUE(file.ok()) << file.status();
  return file.ok() ? *std::move(file) : JobFile{.jobs = std::vector<TFJob>(9), .objects = {}};
}

std::string Problem(std::string_view text, const ParseOptions& options = {}) {
  const auto file = ParseJobFile(text, "job.yaml", options);
  EXPECT_FALSE(file.ok()) << text;
  EXPECT_EQ(file.status().message().find('\n'), std::string::npos);
  return file.status().message();
}

constexpr std::string_view kSweep = R"(apiVersion: v1
kind: Secret
metadata: {name: login}
stringData: {user: ann}
---
apiVersion: kubeflow.org/v1
kind: TFJob
metadata: {name: one}
spec: {tfReplicaSpecs: {Worker: {template: &pod {spec: {containers: [{name: tensorflow, image: i}]}}}}}
---
apiVersion: v1
kind: List
items:
- apiVersion: kubeflow.org/v1alpha1
  kind: TFJob
  metadata: {name: two}
  spec: {replicaSpecs: [{template: {spec: {containers: [{name: tensorflow, image: i}]}}}]}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: settings}, data: {a: b}}
- {apiVersion: v1, kind: Service, metadata: {name: s}, spec: {}}
---
# nothing here
---
apiVersion: batch/v1
kind: Job
metadata: {name: three.last}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: i}]}}}
)";

TEST(ParseJobFileTest, ReadsEveryJobAndObjectInTheOrderWritten) {
  const JobFile file = Parse(kSweep);
  ASSERT_EQ(file.jobs.size(), 3u);
  EXPECT_EQ(file.jobs[0].name, "one");
  EXPECT_EQ(file.jobs[0].rules, JobRules::kTFJob);
  EXPECT_EQ(file.jobs[1].name, "two");
  EXPECT_EQ(file.jobs[1].api_version, "kubeflow.org/v1alpha1");
  EXPECT_EQ(file.jobs[2].name, "three.last");
  EXPECT_EQ(file.jobs[2].rules, JobRules::kBatchJob);
  EXPECT_EQ(file.objects.secrets.at("login").at("user"), "ann");
  EXPECT_EQ(file.objects.config_maps.at("settings").at("a"), "b");
}

TEST(ParseJobFileTest, OverridesApplyToEveryJob) {
  const JobFile file =
      Parse(kSweep, {.overrides = {"args.steps=3", "metadata.namespace=team"}, .validate = {}});
  ASSERT_EQ(file.jobs.size(), 3u);
  for (const TFJob& job : file.jobs) {
    EXPECT_EQ(job.name_space, "team") << job.name;
    EXPECT_EQ(job.replicas.begin()->second.pod.container.args.back(), "--steps=3") << job.name;
  }
}

TEST(ParseJobFileTest, NamesAreUniquePerNamespace) {
  constexpr std::string_view kJob = R"(---
apiVersion: batch/v1
kind: Job
metadata: {{name: a, namespace: {}}}
spec: {{template: {{spec: {{restartPolicy: Never, containers: [{{name: main, image: i}}]}}}}}}
)";
  const std::string one = fmt::format(fmt::runtime(kJob), "x");
  EXPECT_EQ(Parse(one + fmt::format(fmt::runtime(kJob), "y")).jobs.size(), 2u);
  EXPECT_THAT(Problem(one + one),
              StartsWith("job.yaml:7:1: metadata.name: a second job \"a\" in namespace x"));
}

TEST(ParseJobFileTest, AFileWithoutAJobIsRefused) {
  for (const auto& [text, message] : std::initializer_list<std::array<std::string_view, 2>>{
           {"", "job.yaml: the file is empty; expected a TFJob or a batch/v1 Job"},
           {"---\n---\n", "the file is empty"},
           {"{apiVersion: v1, kind: List, items: []}", "the file is empty"},
           {"{apiVersion: v1, kind: Pod}",
            "job.yaml:1:1: kind: expected TFJob or a batch/v1 Job, "
            "found Pod"},
           {"a: b", "found (no kind)"},
           {"{apiVersion: batch.volcano.sh/v1alpha1, kind: Job}", "found Job"},
           {"- a", "job.yaml:1:1: expected a Kubernetes object, found a list"},
           {"{apiVersion: 1, kind: Pod}", "apiVersion: expected a string"},
           {"{apiVersion: v1, kind: List, items: 3}", "items: expected a list"},
           {"kind: TFJob",
            "apiVersion: expected kubeflow.org/v1, v1beta2, v1beta1, v1alpha2 or "
            "v1alpha1, found \"\""},
           {"kind: Job", "apiVersion: expected batch/v1, found \"\""}}) {
    EXPECT_THAT(Problem(text), HasSubstr(message)) << text;
  }
}

TEST(ParseJobFileTest, AMistakeInAnyObjectIsFound) {
  EXPECT_THAT(Problem(std::string(kSweep) + "---\n{apiVersion: v1, kind: Secret}"),
              HasSubstr("metadata.name: expected the Secret's name"));
}

TEST(ParseJobFileTest, EveryTruncationIsHandled) {
  const std::string whole(kSweep);
  for (size_t size = 0; size < whole.size(); ++size) {
    const auto file = ParseJobFile(whole.substr(0, size), "f");
    EXPECT_TRUE(file.ok() || !file.status().message().empty()) << size;
  }
}

}  // namespace
}  // namespace trainyard::spec

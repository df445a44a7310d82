#include "spec/batch_job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "spec/job_file.h"

namespace trainyard::spec {
namespace {

using testing::HasSubstr;

// A Job whose spec and pod have these more fields.
std::string Text(std::string_view spec, std::string_view pod = "restartPolicy: Never, ") {
  return fmt::format(
      "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: export.v1}}\nspec:\n"
      "  template: {{spec: {{{}containers: [{{name: main, image: i}}, {{name: other, image: "
      "o}}]}}}}\n{}",
      pod, spec);
}

TFJob Parse(std::string_view text) {
  auto file = ParseJobFile(text, "job.yaml");
  EXPECT_TRUE(file.ok()) << file.status();
  return file.ok() ? file->jobs.front() : TFJob{};
}

std::string Problem(std::string_view text) {
  const auto file = ParseJobFile(text, "job.yaml");
  EXPECT_FALSE(file.ok()) << text;
  return file.status().message();
}

TEST(BatchJobTest, HasKubernetesDefaults) {
  const TFJob job = Parse(Text(""));
  EXPECT_EQ(job.rules, JobRules::kBatchJob);
  EXPECT_EQ(job.api_version, "batch/v1");
  EXPECT_EQ(job.name, "export.v1");
  EXPECT_EQ(job.replicas.size(), 1u);
  const ReplicaSpec& worker = job.replicas.at(ReplicaType::kWorker);
  EXPECT_EQ(worker.replicas, 1);
  EXPECT_EQ(worker.pod.container.name, "main");
  EXPECT_FALSE(worker.pod.has_own_restart_policy);
  EXPECT_EQ(job.parallelism, 1);
  EXPECT_FALSE(job.is_indexed);
  EXPECT_EQ(job.success_policy, SuccessPolicy::kAllWorkers);
  EXPECT_EQ(job.run_policy.clean_pod_policy, CleanPodPolicy::kNone);
  EXPECT_EQ(job.run_policy.backoff_limit, 6);
}

TEST(BatchJobTest, ReadsItsPolicy) {
  const TFJob job =
      Parse(Text("  completions: 5\n  parallelism: 2\n  completionMode: Indexed\n"
                 "  backoffLimit: 0\n  activeDeadlineSeconds: 60\n"
                 "  ttlSecondsAfterFinished: 9\n  suspend: true\n"
                 "  podFailurePolicy: {rules: []}\n  manualSelector: false\n"));
  EXPECT_EQ(job.NumReplicas(ReplicaType::kWorker), 5);
  EXPECT_EQ(job.parallelism, 2);
  EXPECT_TRUE(job.is_indexed);
  EXPECT_EQ(job.run_policy.backoff_limit, 0);
  EXPECT_EQ(job.run_policy.active_deadline_seconds, 60);
  EXPECT_EQ(job.run_policy.ttl_seconds_after_finished, 9);
  EXPECT_TRUE(job.run_policy.suspend);
  EXPECT_EQ(Parse(Text("  parallelism: 3\n")).NumReplicas(), 3);
}

TEST(BatchJobTest, ReplacesFailedPodsUnderBothRestartPolicies) {
  for (const std::string_view policy : {"Never", "OnFailure"}) {
    const TFJob job = Parse(Text("", fmt::format("restartPolicy: {}, ", policy)));
    EXPECT_EQ(job.replicas.at(ReplicaType::kWorker).restart_policy, RestartPolicy::kOnFailure);
  }
}

TEST(BatchJobTest, SaysWhereTheMistakeIs) {
  EXPECT_THAT(Problem(Text("", "restartPolicy: Always, ")),
              HasSubstr("job.yaml:5:36: spec.template.spec.restartPolicy: must be required: Never "
                        "or OnFailure"));
  EXPECT_THAT(Problem(Text("", "")), HasSubstr("job.yaml:5:20: spec.template.spec.restartPolicy"));
  EXPECT_THAT(Problem(Text("  completions: -1\n")),
              HasSubstr("job.yaml:6:16: spec.completions: expected a whole number >= 0"));
  EXPECT_THAT(Problem(Text("  completionMode: Indexed\n")),
              HasSubstr("spec.completionMode: Indexed needs spec.completions"));
  EXPECT_THAT(Problem(Text("  paralellism: 2\n")), HasSubstr("did you mean \"parallelism\"?"));
  std::string text = Text("");
  EXPECT_THAT(Problem(text.replace(text.find("main, image: i"), 14, "main")),
              HasSubstr("job.yaml:5:55: spec.template.spec.containers: container main: image must "
                        "be required"));
  text = Text("");
  EXPECT_THAT(Problem(text.replace(text.find("export.v1"), 9, "a..b")),
              HasSubstr("should match: [a-z0-9]([-.a-z0-9]*[a-z0-9])?"));
}

}  // namespace
}  // namespace trainyard::spec

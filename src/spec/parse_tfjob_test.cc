#include "spec/parse_tfjob.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace trainyard::spec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view kV1 = R"(apiVersion: kubeflow.org/v1
kind: TFJob
metadata:
  name: mnist
  namespace: team
spec:
  runPolicy: {cleanPodPolicy: All, backoffLimit: 3, activeDeadlineSeconds: 60}
  tfReplicaSpecs:
    Chief:
      restartPolicy: OnFailure
      template:
        spec:
          terminationGracePeriodSeconds: 5
          containers:
          - name: sidecar
            image: s
          - name: tensorflow
            image: i
            command: [digits]
            args: ["--max_steps", "100"]
            workingDir: /app
            env:
            - {name: A, value: "1"}
            - {name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
            ports:
            - {name: tfjob-port, containerPort: 2300}
    WORKER: &worker
      replicas: 2
      template: {spec: {containers: [{name: tensorflow, image: i}]}}
)";

TFJob Parse(std::string_view text, const ParseOptions& options = {}) {
  const auto job = ParseTFJob(text, "job.yaml", options);
  EXPECT_TRUE(job.ok()) << job.status();
  return job.value_or(TFJob{});
}

std::string Problem(std::string_view text, const ParseOptions& options = {}) {
  const auto job = ParseTFJob(text, "job.yaml", options);
  EXPECT_FALSE(job.ok()) << text;
  EXPECT_EQ(job.status().message().find('\n'), std::string::npos);
  return job.status().message();
}

// The v1 example with one piece of text replaced.
std::string With(std::string_view from, std::string_view to) {
  std::string text(kV1);
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(ParseTFJobTest, ReadsV1WithItsDefaults) {
  const TFJob job = Parse(kV1);
  EXPECT_EQ(job.name, "mnist");
  EXPECT_EQ(job.name_space, "team");
  EXPECT_EQ(job.run_policy.clean_pod_policy, CleanPodPolicy::kAll);
  EXPECT_EQ(job.run_policy.backoff_limit, 3);
  EXPECT_EQ(job.run_policy.active_deadline_seconds, 60);
  EXPECT_EQ(job.NumReplicas(), 3);
  const ReplicaSpec& chief = job.replicas.at(ReplicaType::kChief);
  EXPECT_EQ(chief.replicas, 1);
  EXPECT_EQ(chief.restart_policy, RestartPolicy::kOnFailure);
  EXPECT_EQ(chief.pod.termination_grace_seconds, 5);
  EXPECT_THAT(chief.pod.container.args, ElementsAre("--max_steps", "100"));
  EXPECT_THAT(chief.pod.container.env,
              ElementsAre(EnvVar{.name = "A", .value = "1"},
                          EnvVar{.name = "POD", .field_path = "metadata.name"}));
  EXPECT_THAT(chief.pod.container.ports, ElementsAre(ContainerPort{"tfjob-port", 2300}));
  const ReplicaSpec& worker = job.replicas.at(ReplicaType::kWorker);
  EXPECT_EQ(worker.restart_policy, RestartPolicy::kNever);
  EXPECT_EQ(worker.pod.termination_grace_seconds, 30);
}

TEST(ParseTFJobTest, CleanPodPolicyDefaultsByVersion) {
  const std::string none = With("cleanPodPolicy: All, ", "");
  EXPECT_EQ(Parse(none).run_policy.clean_pod_policy, CleanPodPolicy::kNone);
  const std::string flat =
      With("runPolicy: {cleanPodPolicy: All, backoffLimit: 3, activeDeadlineSeconds: 60}",
           "backoffLimit: 3");
  EXPECT_EQ(Parse(flat).run_policy.clean_pod_policy, CleanPodPolicy::kRunning);
  EXPECT_EQ(Parse(flat).run_policy.backoff_limit, 3);
  for (const std::string_view version : {"v1beta2", "v1beta1", "v1alpha2"}) {
    std::string text = flat;
    text.replace(text.find("/v1"), 3, fmt::format("/{}", version));
    EXPECT_EQ(Parse(text).run_policy.clean_pod_policy, CleanPodPolicy::kRunning) << version;
  }
}

constexpr std::string_view kAlpha = R"(apiVersion: kubeflow.org/v1alpha1
kind: TFJob
metadata: {name: old}
spec:
  replicaSpecs:
  - replicas: 1
    tfReplicaType: MASTER
    tfPort: 2223
    template:
      metadata: {labels: {a: b}}
      spec: {restartPolicy: OnFailure, containers: [{name: tensorflow, image: i}]}
  - replicas: 2
    tfReplicaType: WORKER
    template: {spec: {containers: [{name: tensorflow, image: i}]}}
)";

TEST(ParseTFJobTest, ReadsV1Alpha1AndKeepsItsMaster) {
  const TFJob job = Parse(kAlpha);
  EXPECT_FALSE(job.Has(ReplicaType::kChief));
  const ReplicaSpec& master = job.replicas.at(ReplicaType::kMaster);
  EXPECT_EQ(master.restart_policy, RestartPolicy::kOnFailure);
  EXPECT_THAT(master.pod.container.ports, ElementsAre(ContainerPort{"tfjob-port", 2223}));
  EXPECT_EQ(job.replicas.at(ReplicaType::kWorker).restart_policy, RestartPolicy::kAlways);
  EXPECT_EQ(job.run_policy.clean_pod_policy, CleanPodPolicy::kAll);
}

TEST(ParseTFJobTest, V1Alpha1NeedsItsChief) {
  std::string text(kAlpha);
  text.replace(text.find("MASTER"), 6, "PS");
  EXPECT_THAT(Problem(text), HasSubstr("Missing ReplicaSpec for chief: MASTER"));
  text += "  terminationPolicy: {chief: {replicaName: WORKER, replicaIndex: 0}}\n";
  Parse(text);
  std::string two(kAlpha);
  two.replace(two.find("replicas: 1"), 11, "replicas: 2");
  EXPECT_THAT(Problem(two), HasSubstr("The MASTER must have Replicas = 1"));
}

TEST(ParseTFJobTest, FindsTheJobAmongOtherObjects) {
  const std::string beside = "kind: Service\n---\n" + std::string(kV1);
  EXPECT_EQ(Parse(beside).name, "mnist");
  EXPECT_THAT(Problem("kind: Service\n"),
              HasSubstr("expected TFJob or a batch/v1 Job, found Service"));
  EXPECT_THAT(Problem(std::string(kV1) + "---\n" + std::string(kV1)), HasSubstr("a second job"));
  std::string second(kV1);
  second.replace(second.find("mnist"), 5, "other");
  EXPECT_THAT(Problem(std::string(kV1) + "---\n" + second),
              HasSubstr("job.yaml: 2 jobs, of which \"other\" is the second; expected one"));
  EXPECT_THAT(Problem(""), HasSubstr("the file is empty"));
  EXPECT_THAT(Problem("just words"), HasSubstr("job.yaml:1:1: expected a Kubernetes object"));
}

struct Mistake {
  std::string_view from;
  std::string_view to;
  std::string_view message;
};

class BadTFJobTest : public testing::TestWithParam<Mistake> {};

TEST_P(BadTFJobTest, IsRefusedWithPlaceAndExpectation) {
  EXPECT_THAT(Problem(With(GetParam().from, GetParam().to)), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Files, BadTFJobTest,
    testing::Values(
        Mistake{"/v1\n", "/v2\n", "job.yaml:1:13: apiVersion: expected kubeflow.org/v1, v1beta2"},
        Mistake{
            "Chief:", "Cheif:",
            "job.yaml:9:5: spec.tfReplicaSpecs: unknown replica type \"Cheif\"; expected Chief"},
        Mistake{"OnFailure", "Sometimes",
                "job.yaml:10:22: spec.tfReplicaSpecs.Chief.restartPolicy: expected Always or "
                "OnFailure or Never or ExitCode, found \"Sometimes\""},
        Mistake{"All", "Everything", "expected None or Running or All, found \"Everything\""},
        Mistake{"replicas: 2", "replicas: -1",
                "spec.tfReplicaSpecs.WORKER.replicas: expected a whole number >= 0, found the "
                "number -1"},
        Mistake{"replicas: 2", "replicas: two", "expected a whole number >= 0, found \"two\""},
        Mistake{"replicas: 2", "replicas: 3000000000", "expected a whole number <= 2147483647"},
        Mistake{"replicas: 2", "replica: 2",
                "unknown field \"replica\"; did you mean \"replicas\"?"},
        Mistake{"command:", "comand:", "job.yaml:19:13: "},
        Mistake{"command:", "comand:", "did you mean \"command\"?"},
        Mistake{"\"100\"", "100",
                "args[1]: expected a string, as in \"100\", found the number 100"},
        Mistake{"WORKER:",
                "Worker:\n      template: {spec: {containers: [{name: tensorflow, image: i}]}}\n   "
                " WORKER:",
                "a second spec for Worker"},
        Mistake{"WORKER:", "MASTER:", "must not have more than 1 Chief or Master role"},
        Mistake{"name: mnist", "name: Mnist_1", "job.yaml:4:9: metadata.name: Invalid value"},
        Mistake{"name: mnist", "name: m12345678901234567890123456789012345678901234567890123456789",
                "too long"},
        Mistake{"name: mnist", "labels: {}", "metadata.name: must be required"},
        Mistake{"name: tensorflow\n            image", "name: tf\n            image",
                "must have at least one container with name tensorflow"},
        Mistake{"containers: [{name: tensorflow, image: i}]", "containers: []",
                "must be specified"},
        Mistake{"{containers: [{name: tensorflow, image: i}]}", "", "must be specified"},
        Mistake{"tensorflow, image: i", "tensorflow", "image must be required"},
        Mistake{"backoffLimit: 3", "suspend: maybe", "expected true or false, found \"maybe\""},
        Mistake{"  tfReplicaSpecs:", "  backoffLimit: 3\n  tfReplicaSpecs:",
                "stands beside spec.runPolicy; move it there"},
        Mistake{"2300", "70000", "expected a number from 1 to 65535"}));

TEST(ParseTFJobTest, AnEmptyReplicaMapIsRefused) {
  EXPECT_THAT(Problem("apiVersion: kubeflow.org/v1\nkind: TFJob\nmetadata: {name: x}\n"
                      "spec: {tfReplicaSpecs: {}}\n"),
              HasSubstr("at least one replica type"));
}

TEST(ParseTFJobTest, ALocalRunNeedsNoImage) {
  const ParseOptions options{.overrides = {}, .validate = {.require_image = false}};
  Parse(With("tensorflow, image: i", "tensorflow"), options);
}

TEST(ParseTFJobTest, EveryTruncationIsHandled) {
  for (size_t size = 0; size < kV1.size(); ++size) {
    const auto job = ParseTFJob(kV1.substr(0, size), "job.yaml");
    EXPECT_TRUE(job.ok() || !job.status().message().empty()) << size;
  }
}

TEST(ParseTFJobTest, OverridesApplyBeforeTheChecks) {
  const TFJob job = Parse(kV1, {.overrides = {"worker.replicas=4", "args.max_steps=7",
                                              "metadata.name=other", "spec.runPolicy.suspend=true"},
                                .validate = {}});
  EXPECT_EQ(job.NumReplicas(ReplicaType::kWorker), 4);
  EXPECT_EQ(job.name, "other");
  EXPECT_TRUE(job.run_policy.suspend);
  EXPECT_THAT(job.replicas.at(ReplicaType::kChief).pod.container.args,
              ElementsAre("--max_steps", "7"));
  EXPECT_THAT(job.replicas.at(ReplicaType::kWorker).pod.container.args,
              ElementsAre("--max_steps=7"));
  EXPECT_THAT(Problem(kV1, {.overrides = {"Worker.replicas=-2"}, .validate = {}}),
              StartsWith("job.yaml: spec.tfReplicaSpecs.WORKER.replicas: expected"));
}

}  // namespace
}  // namespace trainyard::spec

#include "spec/parse_tfjob.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace trainyard::spec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
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

TEST(ParseTFJobTest, V1Alpha1LivesByItsOwnRules) {
  std::string text(kAlpha);
  text += "  tfImage: x\n  schedulerName: \"\"\n  RuntimeId: ab12\n";
  const TFJob job = Parse(text);
  EXPECT_EQ(job.rules, JobRules::kV1Alpha1);
  const PodSpec& master = job.replicas.at(ReplicaType::kMaster).pod;
  EXPECT_TRUE(master.labels.empty());  // the old controller ignored the template's metadata
  EXPECT_FALSE(master.has_own_restart_policy);
  EXPECT_EQ(TensorFlowPort(job.replicas.at(ReplicaType::kWorker)), 2222);
  EXPECT_EQ(Parse(text + "  cleanupPodPolicy: Running\n").run_policy.clean_pod_policy,
            CleanPodPolicy::kRunning);
  EXPECT_EQ(Parse(kV1).rules, JobRules::kTFJob);
}

TEST(ParseTFJobTest, V1Alpha1MayEndWithWorkerZero) {
  std::string text(kAlpha);
  text.replace(text.find("MASTER"), 6, "PS");
  text += "  terminationPolicy: {chief: {replicaName: WORKER, replicaIndex: 0}}\n";
  EXPECT_EQ(Parse(text).rules, JobRules::kV1Alpha1);
  text.replace(text.find("Index: 0"), 8, "Index: 1");
  EXPECT_THAT(Problem(text), HasSubstr("expected MASTER 0, or WORKER 0 in a job without MASTER"));
}

TEST(ParseTFJobTest, SaysWhereAV1Alpha1JobIsWrong) {
  for (const auto& [from, to, message] : std::initializer_list<std::array<std::string_view, 3>>{
           {"2223", "70000", "spec.replicaSpecs[0].tfPort: expected a number from 1 to 65535"},
           {"WORKER", "worker",
            "job.yaml:13:20: spec.replicaSpecs[1].tfReplicaType: expected "
            "MASTER or WORKER or PS, found \"worker\""},
           {"WORKER", "MASTER", "spec.replicaSpecs[1]: a second spec for Master"},
           {"template: {spec", "template: {metadata: {anything: 1}, Spec",
            "unknown field \"Spec\""},
           {"[{name: tensorflow, image: i}]}}\n", "[{name: tensorflow}]}}\n",
            "job.yaml:14:35: spec.replicaSpecs.WORKER.template.spec.containers: container "
            "tensorflow: image must be required"}}) {
    std::string text(kAlpha);
    text.replace(text.find(from), from.size(), to);
    EXPECT_THAT(Problem(text), HasSubstr(message)) << to;
  }
}

TEST(ParseTFJobTest, ReadsLabelsAnnotationsAndExtensions) {
  EXPECT_EQ(Parse(kV1).extensions, Extensions());
  const TFJob job = Parse(With("namespace: team", R"(namespace: team
  labels: {owner: ann}
  annotations:
    note: any text
    trainyard.dev/startup-order: InOrder
    trainyard.dev/max-restarts-per-replica: "3"
    trainyard.dev/pending-timeout-seconds: "600")"));
  EXPECT_EQ(job.labels.at("owner"), "ann");
  EXPECT_EQ(job.annotations.at("note"), "any text");
  EXPECT_EQ(job.extensions, (Extensions{.startup_order = StartupOrder::kInOrder,
                                        .max_restarts_per_replica = 3,
                                        .pending_timeout_seconds = 600}));
}

TEST(ParseTFJobTest, ABadExtensionIsRefused) {
  for (const auto& [annotation, message] : std::initializer_list<std::array<std::string_view, 2>>{
           {"trainyard.dev/startup-ordr: InOrder",
            "job.yaml:6:17: metadata.annotations.trainyard.dev/startup-ordr: unknown annotation; "
            "expected trainyard.dev/startup-order, "},
           {"trainyard.dev/startup-order: inorder",
            "job.yaml:6:46: metadata.annotations.trainyard.dev/startup-order: expected AnyOrder or "
            "InOrder, found \"inorder\""},
           {"trainyard.dev/max-restarts-per-replica: \"-1\"", "expected a whole number >= 0"},
           {"trainyard.dev/max-restarts-per-replica: \"3x\"", "expected a whole number >= 0"},
           {"trainyard.dev/pending-timeout-seconds: \"0\"", "expected a whole number >= 1"},
           {"trainyard.dev/pending-timeout-seconds: 600", "expected a string, as in \"600\""}}) {
    EXPECT_THAT(Problem(With("namespace: team",
                             fmt::format("namespace: team\n  annotations: {{{}}}", annotation))),
                HasSubstr(message))
        << annotation;
  }
}

TEST(ParseTFJobTest, ReadsTheSchedulingPolicy) {
  const TFJob job = Parse(With("backoffLimit: 3",
                               "schedulingPolicy: {minAvailable: 2, queue: q, priorityClass: p, "
                               "scheduleTimeoutSeconds: 9, minResources: {cpu: 4, memory: 1Gi}}"));
  const SchedulingPolicy& policy = job.run_policy.scheduling_policy;
  EXPECT_EQ(policy.min_available, 2);
  EXPECT_EQ(policy.queue, "q");
  EXPECT_EQ(policy.priority_class, "p");
  EXPECT_EQ(policy.schedule_timeout_seconds, 9);
  EXPECT_THAT(policy.min_resources, ElementsAre(Pair("cpu", "4"), Pair("memory", "1Gi")));
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
        Mistake{"2300", "70000", "expected a number from 1 to 65535"},
        Mistake{"backoffLimit: 3", "managedBy: me",
                "managedBy: expected kubeflow.org/training-operator or "},
        Mistake{"backoffLimit: 3", "schedulingPolicy: {queue: 3}",
                "spec.runPolicy.schedulingPolicy.queue: expected a string"},
        Mistake{"backoffLimit: 3", "schedulingPolicy: {minResources: {cpu: many}}",
                "schedulingPolicy.minResources.cpu: expected an amount"},
        Mistake{"backoffLimit: 3", "schedulingPolicy: {min: 3}", "unknown field \"min\""},
        Mistake{"namespace: team", "namespace: My_Team", "metadata.namespace: expected lower-case"},
        Mistake{"namespace: team", "labels: {version: 1.0}",
                "metadata.labels.version: expected a string, as in \"1.0\""},
        Mistake{"namespace: team", "labels: {a: 'b c'}",
                "job.yaml:5:15: metadata.labels.a: expected at most 63 letters"},
        Mistake{"  runPolicy:", "  successPolicy: Most\n  runPolicy:",
                "spec.successPolicy: expected AllWorkers, found \"Most\""}));

// The check for Chief beside Master holds in any letter case.
TEST(ParseTFJobTest, ChiefBesideMasterIsRefusedInAnyLetterCase) {
  for (const auto& [chief, master] :
       {std::pair{"CHIEF", "MASTER"}, {"chief", "Master"}, {"Chief", "master"}}) {
    std::string text = With("Chief:", fmt::format("{}:", chief));
    text.replace(text.find("WORKER"), 6, master);
    EXPECT_THAT(Problem(text), HasSubstr("spec.tfReplicaSpecs: must not have more than 1 Chief or "
                                         "Master role; remove one of them"));
  }
}

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

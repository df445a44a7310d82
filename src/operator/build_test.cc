#include "operator/build.h"

#include <gtest/gtest.h>

#include "operator/gang.h"
#include "operator/names.h"
#include "operator/testing/objects.h"

namespace trainyard::operators {
namespace {

using kube::Json;
using spec::ReplicaType;

LoadedJob Load(Json object) {
  LoadedJob loaded = LoadJob(std::move(object));
  EXPECT_TRUE(loaded.problem.ok()) << loaded.problem;
  return loaded;
}

Json Build(const LoadedJob& loaded, ReplicaType type, int index, int instance = 0,
           const BuildOptions& options = {}) {
  return BuildPod(loaded, {type, index}, instance, BuildClusterSpec(loaded.job, options), options);
}

std::string TfConfig(const Json& pod) {
  for (const Json& variable : kube::GetList(pod["spec"]["containers"][0], {"env"})) {
    if (variable["name"] == "TF_CONFIG") return variable["value"];
  }
  return "";
}

TEST(BuildPodTest, CarriesNameLabelsAndOwner) {
  const LoadedJob loaded = Load(testing::TFJob());
  const Json pod = Build(loaded, ReplicaType::kWorker, 1, 2);
  EXPECT_EQ(kube::Name(pod), "mnist-worker-1");
  EXPECT_EQ(kube::Namespace(pod), "team");
  EXPECT_EQ(pod["metadata"]["labels"],
            Json::parse(R"({"team": "a", "training.kubeflow.org/operator-name": "tfjob-controller",
                            "training.kubeflow.org/job-name": "mnist",
                            "training.kubeflow.org/replica-type": "worker",
                            "training.kubeflow.org/replica-index": "1",
                            "trainyard.dev/instance": "2"})"));
  EXPECT_EQ(pod["metadata"]["ownerReferences"],
            Json::parse(R"([{"apiVersion": "kubeflow.org/v1", "kind": "TFJob", "name": "mnist",
                             "uid": "job-uid", "controller": true, "blockOwnerDeletion": true}])"));
  EXPECT_EQ(pod["spec"]["restartPolicy"], "OnFailure");
  EXPECT_EQ(kube::Label(Build(loaded, ReplicaType::kChief, 0), kJobRoleLabel), "master");
}

TEST(BuildPodTest, KeepsWhatItDoesNotKnow) {
  Json object = testing::TFJob();
  object["spec"]["tfReplicaSpecs"]["Worker"]["template"]["spec"]["aFieldOfTomorrow"] = {{"x", 1}};
  const Json pod = Build(Load(object), ReplicaType::kWorker, 0);
  EXPECT_EQ(pod["spec"]["aFieldOfTomorrow"]["x"], 1);
}

TEST(BuildPodTest, TellsTheClusterToTheContainerNamedTensorflow) {
  Json object = testing::TFJob(1);
  Json& containers = object["spec"]["tfReplicaSpecs"]["Worker"]["template"]["spec"]["containers"];
  containers.push_back({{"name", "proxy"}, {"image", "proxy:1"}});
  const Json pod = Build(Load(object), ReplicaType::kWorker, 0);
  EXPECT_EQ(TfConfig(pod),
            R"({"cluster":{"chief":["mnist-chief-0.team.svc:2222"],)"
            R"("ps":["mnist-ps-0.team.svc:2222"],"worker":["mnist-worker-0.team.svc:2222"]},)"
            R"("task":{"type":"worker","index":0},"environment":"cloud"})");
  EXPECT_FALSE(pod["spec"]["containers"][1].contains("env"));
  EXPECT_EQ(pod["spec"]["containers"][0]["ports"],
            Json::parse(R"([{"name": "tfjob-port", "containerPort": 2222, "protocol": "TCP"}])"));
}

TEST(BuildPodTest, AddsTheClustersDomain) {
  const Json pod = Build(Load(testing::TFJob()), ReplicaType::kPs, 0, 0, {.cluster_domain = "a.b"});
  EXPECT_NE(TfConfig(pod).find("mnist-ps-0.team.svc.a.b:2222"), std::string::npos);
}

TEST(BuildPodTest, AReplicaAloneHasNoTfConfig) {
  Json object = testing::TFJob(0);
  object["spec"]["tfReplicaSpecs"].erase("PS");
  object["spec"]["tfReplicaSpecs"].erase("Worker");
  EXPECT_EQ(TfConfig(Build(Load(object), ReplicaType::kChief, 0)), "");
}

TEST(BuildPodTest, APortInUseUnderAnotherNameIsNotGivenTwice) {
  Json object = testing::TFJob();
  object["spec"]["tfReplicaSpecs"]["Worker"]["template"]["spec"]["containers"][0]["ports"] = {
      {{"name", "mine"}, {"containerPort", 2222}}, {{"containerPort", 9000}}};
  const LoadedJob loaded = Load(object);
  EXPECT_EQ(Build(loaded, ReplicaType::kWorker, 0)["spec"]["containers"][0]["ports"].size(), 2u);
  EXPECT_EQ(
      BuildService(loaded.job, {ReplicaType::kWorker, 0})["spec"]["ports"],
      Json::parse(R"([{"name": "mine", "port": 2222}, {"name": "port-9000", "port": 9000}])"));
}

TEST(BuildPodTest, TheFirstVersionsTemplateIsFoundAndItsMetadataPassedOver) {
  Json object = testing::TFJob();
  object["spec"] = Json::parse(R"({"schedulerName": "mine", "replicaSpecs": [
      {"template": {"metadata": {"labels": {"x": "y"}},
                    "spec": {"containers": [{"name": "tensorflow", "image": "a:1"}]}}},
      {"tfReplicaType": "WORKER", "replicas": 2, "tfPort": 3333,
       "template": {"spec": {"containers": [{"name": "tensorflow", "image": "b:1"}]}}}]})");
  const LoadedJob loaded = Load(object);
  const Json master = Build(loaded, ReplicaType::kMaster, 0);
  EXPECT_EQ(kube::Label(master, "x"), "");
  EXPECT_EQ(master["spec"]["schedulerName"], "mine");
  EXPECT_EQ(master["spec"]["restartPolicy"], "Never");
  const Json worker = Build(loaded, ReplicaType::kWorker, 1);
  EXPECT_EQ(worker["spec"]["containers"][0]["image"], "b:1");
  EXPECT_EQ(worker["spec"]["containers"][0]["ports"][0]["containerPort"], 3333);
}

TEST(BuildServiceTest, IsHeadlessAndResolvesEarly) {
  const LoadedJob loaded = Load(testing::TFJob());
  const Json service = BuildService(loaded.job, {ReplicaType::kPs, 0});
  EXPECT_EQ(kube::Name(service), "mnist-ps-0");
  EXPECT_EQ(service["spec"]["clusterIP"], "None");
  EXPECT_EQ(service["spec"]["publishNotReadyAddresses"], true);
  EXPECT_EQ(service["spec"]["selector"], service["metadata"]["labels"]);
  EXPECT_EQ(service["spec"]["ports"], Json::parse(R"([{"name": "tfjob-port", "port": 2222}])"));
}

TEST(GangTest, VolcanosGroupCopiesAnnotationsAndAddsUpRequests) {
  Json object = testing::TFJob(2);
  object["metadata"]["annotations"] = {{"k", "v"}};
  for (auto& [type, replica] : object["spec"]["tfReplicaSpecs"].items()) {
    replica["template"]["spec"]["containers"][0]["resources"] =
        Json::parse(R"({"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "250m"}})");
  }
  const LoadedJob loaded = Load(object);
  const Json group = BuildPodGroup(loaded, "volcano");
  EXPECT_EQ(group["apiVersion"], "scheduling.volcano.sh/v1beta1");
  EXPECT_EQ(group["metadata"]["annotations"]["k"], "v");
  EXPECT_EQ(group["spec"], Json::parse(R"({"minMember": 4, "queue": "default",
                            "minResources": {"cpu": "1", "memory": "4294967296"}})"));
  const Json pod = Build(loaded, ReplicaType::kPs, 0, 0, {.gang_scheduler_name = "volcano"});
  EXPECT_EQ(pod["spec"]["schedulerName"], "volcano");
  EXPECT_EQ(kube::Annotation(pod, "scheduling.k8s.io/group-name"), "mnist");
  EXPECT_EQ(kube::Annotation(pod, "volcano.sh/task-spec"), "ps");
  EXPECT_FALSE(IsAdmitted(group, "volcano"));
  EXPECT_TRUE(IsAdmitted(Json{{"status", {{"phase", "Inqueue"}}}}, "volcano"));
}

TEST(GangTest, AnotherSchedulersGroupTakesThePolicy) {
  Json object = testing::TFJob(2);
  object["spec"]["runPolicy"]["schedulingPolicy"] = Json::parse(
      R"({"minAvailable": 2, "scheduleTimeoutSeconds": 9, "minResources": {"cpu": "3"}})");
  const LoadedJob loaded = Load(object);
  const Json group = BuildPodGroup(loaded, "coscheduler");
  EXPECT_EQ(group["apiVersion"], "scheduling.x-k8s.io/v1alpha1");
  EXPECT_EQ(group["spec"], Json::parse(R"({"minMember": 2, "scheduleTimeoutSeconds": 9,
                                           "minResources": {"cpu": "3"}})"));
  const BuildOptions options{.gang_scheduler_name = "coscheduler"};
  EXPECT_EQ(
      kube::Label(Build(loaded, ReplicaType::kPs, 0, 0, options), "scheduling.x-k8s.io/pod-group"),
      "mnist");
  EXPECT_FALSE(HasOtherScheduler(loaded, options));
  object["spec"]["tfReplicaSpecs"]["PS"]["template"]["spec"]["schedulerName"] = "own";
  EXPECT_TRUE(HasOtherScheduler(Load(object), options));
  EXPECT_EQ(Build(Load(object), ReplicaType::kPs, 0, 0, options)["spec"]["schedulerName"], "own");
}

}  // namespace
}  // namespace trainyard::operators

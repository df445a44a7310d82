#include "operator/status_json.h"

#include <gtest/gtest.h>

#include "job/plan.h"
#include "operator/testing/objects.h"

namespace trainyard::operators {
namespace {

using job::ConditionType;
using kube::Json;

const job::TimePoint kNow = *kube::ParseTime("2026-11-25T21:00:03Z");

LoadedJob Load(Json object) {
  LoadedJob loaded = LoadJob(std::move(object));
  EXPECT_TRUE(loaded.problem.ok()) << loaded.problem;
  return loaded;
}

TEST(StatusJsonTest, SurvivesTheRoundTrip) {
  const LoadedJob loaded = Load(testing::TFJob());
  job::JobStatus status = job::Plan(loaded.job, {}, {}, kNow).status;
  status.is_limit_exceeded = true;
  auto& record = status.replicas[{spec::ReplicaType::kWorker, 1}];
  record.state = job::ReplicaState::kWaiting;
  record.instance = 3;
  record.restarts = 4;
  record.in_place_restarts = 1;
  record.quick_failures = 2;
  record.exit_code = 137;
  record.has_run = record.is_stuck_told = true;
  record.start_after = record.since = kNow;

  Json object = testing::TFJob();
  object["status"] = WriteStatus(loaded.job, status);
  EXPECT_EQ(ReadStatus(object), status) << object["status"].dump(1);
}

TEST(StatusJsonTest, LooksLikeTheV1Api) {
  LoadedJob loaded = Load(testing::TFJob());
  job::JobStatus status;
  job::SetCreated(loaded.job, kNow, &status);
  job::SetRunning(loaded.job, kNow, &status);
  status.replica_counts[spec::ReplicaType::kWorker] = {.active = 2, .succeeded = 0, .failed = 1};
  status.start_time = kNow;
  const Json written = WriteStatus(loaded.job, status);
  EXPECT_EQ(written["conditions"][1],
            Json::parse(R"({"type": "Running", "status": "True", "reason": "TFJobRunning",
                            "message": "TFJob team/mnist is running.",
                            "lastUpdateTime": "2026-11-25T21:00:03Z",
                            "lastTransitionTime": "2026-11-25T21:00:03Z"})"));
  EXPECT_EQ(written["startTime"], "2026-11-25T21:00:03Z");
  const Json& worker = written["replicaStatuses"]["Worker"];
  EXPECT_EQ(worker["active"], 2);
  EXPECT_EQ(worker["failed"], 1);
  EXPECT_FALSE(worker.contains("succeeded"));
  EXPECT_EQ(worker["selector"],
            "training.kubeflow.org/operator-name=tfjob-controller,"
            "training.kubeflow.org/job-name=mnist,training.kubeflow.org/replica-type=worker");
}

TEST(StatusJsonTest, CountsAreFinalOnceTheJobHasSucceeded) {
  const LoadedJob loaded = Load(testing::TFJob());
  job::JobStatus status;
  job::SetSucceeded(loaded.job, kNow, &status);
  status.replica_counts[spec::ReplicaType::kPs] = {.active = 1};
  EXPECT_EQ(WriteStatus(loaded.job, status)["replicaStatuses"]["PS"]["succeeded"], 1);
}

TEST(StatusJsonTest, AThousandLikeReplicasTakeOneEntry) {
  const LoadedJob loaded = Load(testing::TFJob(1000));
  const job::JobStatus status = job::Plan(loaded.job, {}, {}, kNow).status;
  const Json written = WriteStatus(loaded.job, status);
  EXPECT_EQ(written["trainyard"]["replicas"].size(), 3u);
  EXPECT_LT(written.dump().size(), 2000u);
  Json object = testing::TFJob(1000);
  object["status"] = written;
  EXPECT_EQ(ReadStatus(object).replicas, status.replicas);
}

TEST(StatusJsonTest, DamagedMemoryIsPassedOver) {
  Json object = testing::TFJob();
  object["status"] = Json::parse(R"({"conditions": [3, {"type": "Sunny", "status": "True"}],
      "replicaStatuses": [], "startTime": "yesterday", "trainyard": {"replicas": [
        {"type": "worker", "from": 0, "to": 1000000000, "state": "Started"},
        {"type": "pilot", "from": 0, "to": 1}, {"type": "worker", "from": 2, "to": 1}, null,
        {"type": "worker", "from": 1, "to": 1, "state": "Dancing", "restarts": -5}]}})");
  const job::JobStatus status = ReadStatus(object);
  EXPECT_TRUE(status.conditions.empty());
  EXPECT_EQ(status.replicas.size(), 1u);
  EXPECT_EQ(status.replicas.begin()->second.restarts, 0);
}

TEST(StatusJsonTest, AFirstVersionJobAlsoGetsItsOwnWords) {
  Json object = testing::TFJob();
  object["spec"] = Json::parse(R"({"replicaSpecs": [{"replicas": 1, "tfReplicaType": "MASTER",
      "template": {"spec": {"containers": [{"name": "tensorflow", "image": "x:1"}]}}}]})");
  const LoadedJob loaded = Load(object);
  job::JobStatus status;
  job::SetCreated(loaded.job, kNow, &status);
  EXPECT_EQ(WriteStatus(loaded.job, status)["phase"], "Creating");
  job::SetSucceeded(loaded.job, kNow, &status);
  EXPECT_EQ(WriteStatus(loaded.job, status)["phase"], "Done");
  EXPECT_EQ(WriteStatus(loaded.job, status)["state"], "Succeeded");
}

TEST(StatusJsonTest, CountsAloneAreNoNews) {
  const LoadedJob loaded = Load(testing::TFJob());
  job::JobStatus status;
  job::SetCreated(loaded.job, kNow, &status);
  const Json before = WriteStatus(loaded.job, status);
  status.replica_counts[spec::ReplicaType::kWorker] = {.active = 1};
  EXPECT_FALSE(HasNews(before, WriteStatus(loaded.job, status)));
  job::SetRunning(loaded.job, kNow, &status);
  EXPECT_TRUE(HasNews(before, WriteStatus(loaded.job, status)));
}

}  // namespace
}  // namespace trainyard::operators

#include "spec/job_tf_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "spec/tf_config.h"

namespace trainyard::spec {
namespace {

TFJob JobOf(std::map<ReplicaType, int> counts) {
  TFJob job;
  for (const auto& [type, count] : counts) job.replicas[type].replicas = count;
  return job;
}

ClusterSpec ClusterOf(const TFJob& job) {
  ClusterSpec cluster;
  for (const auto& [type, replica] : job.replicas) {
    const std::string task(TaskTypeName(type));
    for (int i = 0; i < replica.replicas; ++i) {
      cluster.jobs[task][i] = fmt::format("j-{}-{}.ns.svc:2222", task, i);
    }
  }
  return cluster;
}

std::optional<std::string> Text(const TFJob& job, ReplicaType type, int index) {
  return JobTfConfig(job, ClusterOf(job), type, index);
}

TEST(JobTfConfigTest, IsLeftOutForAJobOfOneReplica) {
  EXPECT_EQ(Text(JobOf({{ReplicaType::kWorker, 1}}), ReplicaType::kWorker, 0), std::nullopt);
  EXPECT_NE(Text(JobOf({{ReplicaType::kWorker, 2}}), ReplicaType::kWorker, 0), std::nullopt);
}

TEST(JobTfConfigTest, V1Alpha1SetsItForASingleReplicaToo) {
  TFJob job = JobOf({{ReplicaType::kMaster, 1}});
  job.rules = JobRules::kV1Alpha1;
  EXPECT_EQ(Text(job, ReplicaType::kMaster, 0),
            R"({"cluster":{"master":["j-master-0.ns.svc:2222"]},)"
            R"("task":{"type":"master","index":0},"environment":"cloud"})");
}

TEST(JobTfConfigTest, ABatchJobHasNone) {
  TFJob job = JobOf({{ReplicaType::kWorker, 3}});
  job.rules = JobRules::kBatchJob;
  EXPECT_EQ(Text(job, ReplicaType::kWorker, 0), std::nullopt);
}

TEST(JobTfConfigTest, ListsTheEvaluatorAndSortsByName) {
  const TFJob job = JobOf({{ReplicaType::kPs, 1},
                           {ReplicaType::kChief, 1},
                           {ReplicaType::kWorker, 1},
                           {ReplicaType::kEvaluator, 1}});
  EXPECT_EQ(Text(job, ReplicaType::kEvaluator, 0),
            R"({"cluster":{"chief":["j-chief-0.ns.svc:2222"],)"
            R"("evaluator":["j-evaluator-0.ns.svc:2222"],"ps":["j-ps-0.ns.svc:2222"],)"
            R"("worker":["j-worker-0.ns.svc:2222"]},)"
            R"("task":{"type":"evaluator","index":0},"environment":"cloud"})");
}

struct Sparse {
  std::map<ReplicaType, int> counts;
  ReplicaType type;
  int index;
  std::string_view text;
};

class SparseTfConfigTest : public testing::TestWithParam<Sparse> {};

TEST_P(SparseTfConfigTest, IsWrittenByteForByte) {
  TFJob job = JobOf(GetParam().counts);
  job.enable_dynamic_worker = true;
  EXPECT_EQ(Text(job, GetParam().type, GetParam().index), GetParam().text);
}

constexpr auto kPs = ReplicaType::kPs;
constexpr auto kChief = ReplicaType::kChief;
constexpr auto kMaster = ReplicaType::kMaster;
constexpr auto kWorker = ReplicaType::kWorker;
constexpr auto kEvaluator = ReplicaType::kEvaluator;

// The controller's own form.
INSTANTIATE_TEST_SUITE_P(
    WithoutAChief, SparseTfConfigTest,
    testing::Values(Sparse{{{kPs, 2}, {kWorker, 2}},
                           kWorker,
                           1,
                           R"({"cluster":{"worker":{"1":"j-worker-1.ns.svc:2222"},)"
                           R"("ps":["j-ps-0.ns.svc:2222","j-ps-1.ns.svc:2222"]},)"
                           R"("task":{"type":"worker","index":1}})"},
                    Sparse{{{kPs, 2}, {kWorker, 2}},
                           kPs,
                           1,
                           R"({"cluster":{"worker":{},"ps":["j-ps-1.ns.svc:2222"]},)"
                           R"("task":{"type":"ps","index":1}})"},
                    // Never null.
                    Sparse{{{kWorker, 2}},
                           kWorker,
                           0,
                           R"({"cluster":{"worker":{"0":"j-worker-0.ns.svc:2222"},"ps":[]},)"
                           R"("task":{"type":"worker","index":0}})"}));

// Ours, where the controller's is of no use.
INSTANTIATE_TEST_SUITE_P(
    WithAChief, SparseTfConfigTest,
    testing::Values(
        Sparse{{{kPs, 1}, {kChief, 1}, {kWorker, 2}},
               kChief,
               0,
               R"({"cluster":{"worker":{},"ps":["j-ps-0.ns.svc:2222"],)"
               R"("chief":["j-chief-0.ns.svc:2222"]},"task":{"type":"chief","index":0}})"},
        Sparse{{{kPs, 1}, {kChief, 1}, {kWorker, 2}},
               kWorker,
               1,
               R"({"cluster":{"worker":{"1":"j-worker-1.ns.svc:2222"},"ps":["j-ps-0.ns.svc:2222"],)"
               R"("chief":["j-chief-0.ns.svc:2222"]},"task":{"type":"worker","index":1}})"},
        Sparse{{{kPs, 2}, {kChief, 1}, {kWorker, 2}},
               kPs,
               1,
               R"({"cluster":{"worker":{},"ps":["j-ps-0.ns.svc:2222","j-ps-1.ns.svc:2222"],)"
               R"("chief":["j-chief-0.ns.svc:2222"]},"task":{"type":"ps","index":1}})"},
        Sparse{{{kPs, 1}, {kMaster, 1}, {kWorker, 2}},
               kMaster,
               0,
               R"({"cluster":{"worker":{},"ps":["j-ps-0.ns.svc:2222"],)"
               R"("master":["j-master-0.ns.svc:2222"]},"task":{"type":"master","index":0}})"},
        Sparse{{{kPs, 1}, {kChief, 1}, {kWorker, 2}, {kEvaluator, 1}},
               kEvaluator,
               0,
               R"({"cluster":{"worker":{},"ps":["j-ps-0.ns.svc:2222"],)"
               R"("chief":["j-chief-0.ns.svc:2222"],"evaluator":["j-evaluator-0.ns.svc:2222"]},)"
               R"("task":{"type":"evaluator","index":0}})"}));

TEST(JobTfConfigTest, EveryTaskOfADynamicJobCanReadItsOwn) {
  for (const ReplicaType leader : {kChief, kMaster}) {
    TFJob job = JobOf({{kPs, 2}, {leader, 1}, {kWorker, 2}});
    if (leader == kChief) job.replicas[kEvaluator].replicas = 1;
    job.enable_dynamic_worker = true;
    for (const auto& [type, replica] : job.replicas) {
      const auto task = ParseTfConfig(*Text(job, type, replica.replicas - 1));
      ASSERT_TRUE(task.ok()) << task.status();
      EXPECT_EQ(task->type, TaskTypeName(type));
      EXPECT_EQ(task->is_chief, type == leader);
    }
  }
}

TEST(TensorFlowPortTest, IsTheNamedPortElse2222) {
  ReplicaSpec replica;
  EXPECT_EQ(TensorFlowPort(replica), 2222);
  replica.pod.container.ports = {{"grpc", 2222}, {"http", 80}};
  EXPECT_EQ(TensorFlowPort(replica), 2222);
  replica.pod.container.ports.push_back({"tfjob-port", 2300});
  EXPECT_EQ(TensorFlowPort(replica), 2300);
}

}  // namespace
}  // namespace trainyard::spec

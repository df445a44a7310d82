#include "spec/tf_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace trainyard::spec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kCluster =
    R"("cluster":{"chief":["c:1"],"ps":["p:1","p:2"],"worker":["w:1","w:2"],"evaluator":["e:1"]})";

TaskConfig Task(std::string_view type, int index) {
  const auto parsed = ParseTfConfig(
      fmt::format(R"({{{},"task":{{"type":"{}","index":{}}}}})", kCluster, type, index));
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return parsed.value_or(TaskConfig{});
}

std::string Problem(std::string_view json) {
  const auto parsed = ParseTfConfig(json);
  EXPECT_FALSE(parsed.ok()) << json;
  EXPECT_EQ(parsed.status().message().find('\n'), std::string::npos) << json;
  return parsed.status().message();
}

TEST(ParseTfConfigTest, AnUnsetVariableMeansAProgramThatRunsAlone) {
  const auto parsed = ParseTfConfig(std::nullopt);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(*parsed, TaskConfig());
  EXPECT_TRUE(parsed->is_chief);
  EXPECT_FALSE(parsed->is_distributed());
  EXPECT_EQ(parsed->num_worker_replicas, 1);
  EXPECT_EQ(*ParseTfConfig("{}"), TaskConfig());
}

TEST(ParseTfConfigTest, TheChiefLeadsAndCountsAsAWorker) {
  const TaskConfig task = Task("chief", 0);
  EXPECT_TRUE(task.is_chief);
  EXPECT_EQ(task.num_ps_replicas, 2);
  EXPECT_EQ(task.num_worker_replicas, 3);
  EXPECT_EQ(task.global_id, 0);
  EXPECT_EQ(task.master, "grpc://c:1");
  EXPECT_THAT(task.device_filters, ElementsAre("/job:ps", "/job:chief"));
}

TEST(ParseTfConfigTest, WorkersAndParameterServersFindTheirPlace) {
  const TaskConfig worker = Task("worker", 1);
  EXPECT_FALSE(worker.is_chief);
  EXPECT_EQ(worker.master, "grpc://w:2");
  EXPECT_EQ(worker.global_id, 3);  // chief, evaluator, worker 0, worker 1, then ps
  EXPECT_EQ(worker.trainer_rank, 2);
  EXPECT_THAT(worker.device_filters, ElementsAre("/job:ps", "/job:worker/task:1"));
  const TaskConfig ps = Task("ps", 1);
  EXPECT_EQ(ps.global_id, 5);
  EXPECT_EQ(ps.trainer_rank, std::nullopt);
  EXPECT_EQ(*ps.cluster.Find("ps", 1), "p:2");
  EXPECT_THAT(ps.device_filters,
              ElementsAre("/job:ps", "/job:worker", "/job:chief", "/job:master"));
}

TEST(ParseTfConfigTest, AnEvaluatorSeesNoClusterAndMayHaveAnyIndex) {
  const TaskConfig task = Task("evaluator", 7);
  EXPECT_EQ(task.chief_address, "c:1");
  EXPECT_TRUE(task.cluster.empty());
  EXPECT_TRUE(task.is_distributed());
  EXPECT_FALSE(task.is_chief);
  EXPECT_EQ(task.num_worker_replicas, 0);
  EXPECT_EQ(task.global_id, std::nullopt);
  EXPECT_EQ(task.trainer_rank, std::nullopt);
  EXPECT_EQ(task.master, "");
}

TEST(ParseTfConfigTest, AnEvaluatorNeedNotBeListed) {
  const auto parsed =
      ParseTfConfig(R"({"cluster":{"chief":["c:1"]},"task":{"type":"evaluator","index":0},
                        "eval_session_master":"grpc://x:1"})");
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->evaluation_master, "grpc://x:1");
}

TEST(ParseTfConfigTest, AClusterOfOneTaskTrainsInProcess) {
  const auto parsed =
      ParseTfConfig(R"({"cluster":{"chief":["c:1"]},"task":{"type":"chief","index":0}})");
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->master, "");
}

TEST(ParseTfConfigTest, TheLegacyMasterIsAChief) {
  const auto parsed = ParseTfConfig(
      R"({"cluster":{"master":["m:1"],"worker":["w:1"]},"task":{"type":"master","index":"0"}})");
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_TRUE(parsed->is_chief);
  EXPECT_EQ(parsed->num_worker_replicas, 2);
  EXPECT_EQ(parsed->master, "grpc://m:1");
}

TEST(ParseTfConfigTest, ReadsTheOtherKeys) {
  const auto parsed = ParseTfConfig(
      R"({"cluster":{"chief":["c:1"],"worker":{"3":"w:4"}},"task":{"type":"worker","index":3,"trial":1},
          "service":{"a":[1]},"session_master":"grpc://s:1","model_dir":"/m","environment":"cloud",
          "unknown":{}})");
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->service, R"({"a":[1]})");
  EXPECT_EQ(parsed->master, "grpc://s:1");
  EXPECT_EQ(parsed->model_dir, "/m");
  EXPECT_EQ(parsed->environment, "cloud");
  EXPECT_EQ(*parsed->cluster.Find("worker", 3), "w:4");
}

struct Mistake {
  std::string_view json;
  std::string_view message;
};

class BadTfConfigTest : public testing::TestWithParam<Mistake> {};

TEST_P(BadTfConfigTest, IsRefusedWithTheDocumentedMessage) {
  EXPECT_THAT(Problem(GetParam().json), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Documented, BadTfConfigTest,
    testing::Values(
        Mistake{
            R"({"cluster":{"master":["a:1"],"chief":["b:1"]},"task":{"type":"chief","index":0}})",
            "If `master` node exists in `cluster`, job `chief` is not supported."},
        Mistake{R"({"cluster":{"master":["a:1"]},"task":{"type":"evaluator","index":0}})",
                "If `master` node exists in `cluster`, task_type `evaluator` is not supported."},
        Mistake{R"({"cluster":{"ps":["a:1"],"worker":["b:1"]},"task":{"type":"ps","index":0}})",
                "If \"cluster\" is set in TF_CONFIG, it must have one \"chief\" node."},
        Mistake{R"({"cluster":{"chief":["a:1","b:1"]},"task":{"type":"chief","index":0}})",
                "The \"cluster\" in TF_CONFIG must have only one \"chief\" node."},
        Mistake{R"({"cluster":{"chief":["a:1"]}})",
                "If \"cluster\" is set in TF_CONFIG, task type must be set."},
        Mistake{R"({"cluster":{"chief":["a:1"]},"task":{"type":"chief"}})",
                "If \"cluster\" is set in TF_CONFIG, task index must be set."},
        Mistake{R"({"cluster":{"chief":["a:1"]},"task":{"type":"chief","index":-1}})",
                "Task index must be non-negative number."},
        Mistake{
            R"({"cluster":{"chief":["a:1"]},"task":{"type":"cook","index":0}})",
            "cook is not a valid task_type in the cluster_spec: ClusterSpec({'chief': ['a:1']}) "
            "Note that these values may be coming from the TF_CONFIG environment variable."},
        Mistake{
            R"({"cluster":{"chief":["a:1"],"worker":["b:1"]},"task":{"type":"worker","index":1}})",
            "1 is not a valid task_id for task_type worker in the cluster_spec: "},
        Mistake{R"({"task":{"type":"ps"}})",
                "If \"cluster\" is not set in TF_CONFIG, task type must be WORKER."},
        Mistake{R"({"task":{"type":"worker","index":1}})",
                "If \"cluster\" is not set in TF_CONFIG, task index must be 0."},
        Mistake{R"({"model_dir":""})", "model_dir in TF_CONFIG should be non-empty."},
        Mistake{R"({"service":3})",
                "\"service\" is set in TF_CONFIG, it must be a dict. Given 3"}));

INSTANTIATE_TEST_SUITE_P(
    Malformed, BadTfConfigTest,
    testing::Values(
        Mistake{"", "TF_CONFIG is not JSON"}, Mistake{"{'cluster': {}}", "TF_CONFIG is not JSON"},
        Mistake{"[1]", "must be a JSON object, not [1]"},
        Mistake{R"({"cluster":[]})", "\"cluster\" in TF_CONFIG must be an object, not []"},
        Mistake{R"({"cluster":{"chief":"a:1"}})",
                "tasks of job \"chief\" in TF_CONFIG must be a list"},
        Mistake{R"({"cluster":{"chief":[1]}})", "/job:chief/task:0 in TF_CONFIG must be a string"},
        Mistake{R"({"cluster":{"chief":["a"]}})", "must be \"host:port\", not \"a\""},
        Mistake{R"({"cluster":{"chief":["a:99999"]}})", "must be \"host:port\", not \"a:99999\""},
        Mistake{R"({"cluster":{"chief":{"x":"a:1"}}})",
                "\"x\" is not a task index in job \"chief\""},
        Mistake{R"({"cluster":{"chief":["a:1"]},"task":7})",
                "\"task\" in TF_CONFIG must be an object"},
        Mistake{R"({"cluster":{"chief":["a:1"]},"task":{"type":1,"index":0}})",
                "\"type\" in TF_CONFIG must be a string, not 1"},
        Mistake{R"({"cluster":{"chief":["a:1"]},"task":{"type":"chief","index":"two"}})",
                "Task index must be a number, not \"two\"."}));

TEST(ParseTfConfigTest, EveryTruncationIsHandled) {
  const std::string whole =
      fmt::format(R"({{{},"task":{{"type":"worker","index":1}},"environment":"cloud"}})", kCluster);
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(ParseTfConfig(std::string_view(whole).substr(0, size)).ok()) << size;
  }
}

TEST(ParseTfConfigTest, RefusesHugeAndDeeplyNestedTexts) {
  EXPECT_THAT(Problem(std::string(100'000, '[')), HasSubstr("nests deeper than 64 levels"));
  EXPECT_THAT(Problem("\"" + std::string(2 << 20, 'x') + "\""), HasSubstr("too large"));
}

ClusterSpec SmallCluster() {
  ClusterSpec cluster;
  cluster.jobs["worker"] = {{0, "mnist-worker-0.team.svc:2222"},
                            {1, "mnist-worker-1.team.svc:2222"}};
  cluster.jobs["ps"] = {{0, "mnist-ps-0.team.svc:2222"}};
  return cluster;
}

TEST(FormatTfConfigTest, WritesTheControllersCompactForm) {
  EXPECT_EQ(
      FormatTfConfig(SmallCluster(), kWorker, 0),
      R"({"cluster":{"ps":["mnist-ps-0.team.svc:2222"],"worker":["mnist-worker-0.team.svc:2222",)"
      R"("mnist-worker-1.team.svc:2222"]},"task":{"type":"worker","index":0},"environment":"cloud"})");
}

TEST(FormatTfConfigTest, WhatIsWrittenCanBeRead) {
  ClusterSpec cluster = SmallCluster();
  cluster.jobs["chief"] = {{0, "127.0.0.1:4001"}};
  const auto parsed = ParseTfConfig(FormatTfConfig(cluster, kPs, 0));
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->cluster, cluster);
}

TEST(FormatSparseTfConfigTest, WritesTheControllersFormForDynamicWorkers) {
  const ClusterSpec cluster = SmallCluster();
  EXPECT_EQ(FormatSparseTfConfig(cluster, kWorker, 1),
            R"({"cluster":{"worker":{"1":"mnist-worker-1.team.svc:2222"},)"
            R"("ps":["mnist-ps-0.team.svc:2222"]},"task":{"type":"worker","index":1}})");
  EXPECT_EQ(FormatSparseTfConfig(cluster, kPs, 0),
            R"({"cluster":{"worker":{},"ps":["mnist-ps-0.team.svc:2222"]},)"
            R"("task":{"type":"ps","index":0}})");
}

TEST(FormatSparseTfConfigTest, AJobWithAChiefIsReadableByEveryTask) {
  ClusterSpec cluster = SmallCluster();
  cluster.jobs["chief"] = {{0, "c:1"}};
  for (const auto& [type, index] : {std::pair{kWorker, 1}, {kPs, 0}, {kChief, 0}}) {
    const auto parsed = ParseTfConfig(FormatSparseTfConfig(cluster, type, index));
    EXPECT_TRUE(parsed.ok()) << type << ": " << parsed.status();
  }
}

}  // namespace
}  // namespace trainyard::spec

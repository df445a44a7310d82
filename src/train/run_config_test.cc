#include "train/run_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace trainyard::train {
namespace {

using ::testing::HasSubstr;

class RunConfigTest : public ::testing::Test {
 protected:
  void SetUp() override { ::unsetenv("TF_CONFIG"); }
  void TearDown() override { ::unsetenv("TF_CONFIG"); }
  static std::string ErrorOf(RunConfig config) { return config.ReadEnvironment().message(); }
};

TEST_F(RunConfigTest, AloneItIsTheChiefAndSavesEveryTenMinutes) {
  RunConfig config{.model_dir = "/m/../m/x"};
  ASSERT_TRUE(config.ReadEnvironment().ok());
  EXPECT_TRUE(config.is_chief());
  EXPECT_FALSE(config.is_distributed());
  EXPECT_EQ(config.device(), "");
  EXPECT_EQ(config.model_dir, "/m/x");
  EXPECT_EQ(config.save_checkpoints_secs, std::chrono::seconds(600));
}

TEST_F(RunConfigTest, TakesItsRoleFromTheEnvironment) {
  ::setenv("TF_CONFIG",
           R"({"cluster":{"chief":["a:1"],"ps":["b:1"],"worker":["c:1","d:1"]},)"
           R"("task":{"type":"worker","index":1}})",
           1);
  RunConfig config{.model_dir = "/m", .save_checkpoints_steps = 10};
  ASSERT_TRUE(config.ReadEnvironment().ok());
  EXPECT_EQ(config.device(), "/job:worker/task:1");
  EXPECT_TRUE(config.uses_server());
  EXPECT_FALSE(config.is_chief());
  EXPECT_EQ(config.save_checkpoints_secs, std::nullopt);
}

TEST_F(RunConfigTest, WithSaveOnChiefOnlyChiefAndEvaluatorNeedADirectory) {
  const auto error_of = [](const char* type) {
    const std::string cluster = R"({"chief":["a:1"],"ps":["b:1"],"worker":["c:1"]})";
    const std::string task = fmt::format(R"({{"type":"{}","index":0}})", type);
    ::setenv("TF_CONFIG", fmt::format(R"({{"cluster":{},"task":{}}})", cluster, task).c_str(), 1);
    return ErrorOf({.save_on_chief = true});
  };
  EXPECT_EQ(error_of("worker"), "");
  EXPECT_EQ(error_of("ps"), "");
  EXPECT_EQ(error_of("chief"), "model_dir should be non-empty.");
  EXPECT_EQ(error_of("evaluator"), "model_dir should be non-empty.");
}

TEST_F(RunConfigTest, TakesModelDirAndServiceFromTheEnvironment) {
  ::setenv("TF_CONFIG", R"({"model_dir":"/other","service":{"key":[1]}})", 1);
  RunConfig config;
  ASSERT_TRUE(config.ReadEnvironment().ok());
  EXPECT_EQ(config.model_dir, "/other");
  EXPECT_EQ(config.service(), R"({"key":[1]})");
}

TEST_F(RunConfigTest, GradientsOfMoreReplicasThanThereAreCannotBeWaitedFor) {
  ::setenv("TF_CONFIG",
           R"({"cluster":{"chief":["a:1"],"ps":["b:1"],"worker":["c:1"]},)"
           R"("task":{"type":"worker","index":0}})",
           1);
  RunConfig both{.model_dir = "/m", .replicas_to_aggregate = 2};
  EXPECT_TRUE(both.ReadEnvironment().ok());
  RunConfig three{.model_dir = "/m", .replicas_to_aggregate = 3};
  EXPECT_THAT(three.ReadEnvironment().message(),
              ::testing::HasSubstr("replicas_to_aggregate is 3, but the cluster has only 2"));
}

TEST_F(RunConfigTest, APartitionerNeedsASize) {
  EXPECT_EQ(ErrorOf({.model_dir = "/m", .partitioner = MinMaxVariablePartitioner{}}), "");
  EXPECT_EQ(ErrorOf({.model_dir = "/m", .partitioner = {{.min_slice_size = 0}}}),
            "partitioner.min_slice_size should be > 0");
  EXPECT_EQ(ErrorOf({.model_dir = "/m", .partitioner = {{.max_partitions = -1}}}),
            "partitioner.max_partitions should be >= 0");
}

TEST_F(RunConfigTest, StepsOrSecondsOfSavingExcludeEachOther) {
  RunConfig steps{.model_dir = "m", .save_checkpoints_steps = 10};
  ASSERT_TRUE(steps.ReadEnvironment().ok());
  EXPECT_EQ(steps.save_checkpoints_secs, std::nullopt);
  RunConfig seconds{.model_dir = "m", .save_checkpoints_secs = std::chrono::seconds(5)};
  ASSERT_TRUE(seconds.ReadEnvironment().ok());
  EXPECT_EQ(seconds.save_checkpoints_steps, std::nullopt);
}

TEST_F(RunConfigTest, MistakesHaveEstimatorsWords) {
  EXPECT_EQ(ErrorOf({.model_dir = ""}), "model_dir should be non-empty.");
  EXPECT_EQ(ErrorOf({.model_dir = "m", .save_summary_steps = -1}),
            "save_summary_steps should be >= 0");
  EXPECT_EQ(ErrorOf({.model_dir = "m", .log_step_count_steps = 0}),
            "log_step_count_steps should be > 0");
  EXPECT_EQ(ErrorOf({.model_dir = "m",
                     .save_checkpoints_steps = 1,
                     .save_checkpoints_secs = std::chrono::seconds(1)}),
            "`save_checkpoints_steps` and `save_checkpoints_secs` cannot be both set.");
  EXPECT_EQ(ErrorOf({.model_dir = "m", .save_checkpoints_steps = -1}),
            "save_checkpoints_steps should be >= 0");
  EXPECT_EQ(ErrorOf({.model_dir = "m", .save_checkpoints_secs = std::chrono::seconds(-1)}),
            "save_checkpoints_secs should be >= 0");
  EXPECT_EQ(ErrorOf({.model_dir = "m", .keep_checkpoint_max = -1}),
            "keep_checkpoint_max should be >= 0");
  EXPECT_EQ(ErrorOf({.model_dir = "m", .keep_checkpoint_every_n_hours = 0}),
            "keep_checkpoint_every_n_hours should be > 0");
  EXPECT_EQ(ErrorOf({.model_dir = "m", .session_creation_timeout = std::chrono::seconds(0)}),
            "session_creation_timeout_secs should be > 0");
  EXPECT_EQ(ErrorOf({.model_dir = "m", .protocol = "grpc+verbs"}),
            "protocol should be grpc, given: grpc+verbs");
  ::setenv("TF_CONFIG", R"({"model_dir":""})", 1);
  EXPECT_EQ(ErrorOf({}), "model_dir in TF_CONFIG should be non-empty.");
  ::setenv("TF_CONFIG", R"({"model_dir":"/other"})", 1);
  EXPECT_THAT(ErrorOf({.model_dir = "/m"}), HasSubstr("must have the same value"));
  ::setenv("TF_CONFIG", "{", 1);
  EXPECT_NE(ErrorOf({.model_dir = "/m"}), "");
}

}  // namespace
}  // namespace trainyard::train

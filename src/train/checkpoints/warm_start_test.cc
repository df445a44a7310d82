#include "train/checkpoints/warm_start.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "tf/checkpoint_reader.h"
#include "train/checkpoints/checkpoint_directory.h"
#include "train/estimator.h"
#include "train/testing/linear_model.h"

namespace trainyard::train {
namespace {

using ::testing::HasSubstr;
using testing::LinearModel;
using testing::LinePoints;

class WarmStartTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ::unsetenv("TF_CONFIG");
    ASSERT_TRUE(
        Estimator(LinearModel(), Config("old")).Train(LinePoints(), {.max_steps = 50}).ok());
    old_bias_ = Bias("old");
    ASSERT_GT(old_bias_, 0.1f);
  }
  RunConfig Config(const std::string& name) {
    RunConfig config{.model_dir = JoinPath(dir_.path(), name)};
    EXPECT_TRUE(config.ReadEnvironment().ok());
    return config;
  }
  float Read(const std::string& name, const std::string& variable) {
    const std::string prefix = LatestCheckpoint(JoinPath(dir_.path(), name)).value();
    return tf::CheckpointReader::Open(prefix)->Read(variable)->scalar<float>();
  }
  float Bias(const std::string& name) { return Read(name, "bias"); }
  // Trains with a rate of nearly nothing: the first values stay.
  Status Train(const std::string& name, WarmStartSettings settings, int64_t max_steps = 1) {
    settings.ckpt_to_initialize_from = JoinPath(dir_.path(), "old");
    return Estimator(LinearModel(1e-9f), Config(name))
        .Train(LinePoints(), {.max_steps = max_steps, .warm_start = std::move(settings)})
        .status();
  }

  float old_bias_ = 0;
  TemporaryDirectory dir_;
};

TEST_F(WarmStartTest, TakesAllTrainableVariablesByDefault) {
  ASSERT_TRUE(Train("new", {}).ok());
  EXPECT_NEAR(Bias("new"), old_bias_, 1e-5f);
  const std::string prefix = LatestCheckpoint(JoinPath(dir_.path(), "new")).value();
  EXPECT_THAT(prefix, HasSubstr("model.ckpt-1"));  // the step is new
}

TEST_F(WarmStartTest, TakesThoseThatAnExpressionMatches) {
  ASSERT_TRUE(Train("new", {.vars_to_warm_start = {"we.*t$"}}).ok());
  EXPECT_NEAR(Bias("new"), 0, 1e-5f);
  EXPECT_NEAR(Read("new", "weight"), Read("old", "weight"), 1e-5f);
}

TEST_F(WarmStartTest, TakesThemUnderOtherNames) {
  ASSERT_TRUE(Train("new", {.vars_to_warm_start = {"bias"},
                            .var_name_to_prev_var_name = {{"bias", "weight"}}})
                  .ok());
  EXPECT_NEAR(Bias("new"), Read("old", "weight"), 1e-5f);
}

TEST_F(WarmStartTest, AnExistingCheckpointGoesBeforeIt) {
  const auto model = LinearModel(1e-9f);
  ASSERT_TRUE(Estimator(model, Config("new")).Train(LinePoints(), {.max_steps = 1}).ok());
  ASSERT_TRUE(Train("new", {}, 2).ok());
  EXPECT_NEAR(Bias("new"), 0, 1e-5f);
}

TEST_F(WarmStartTest, MistakesAreNamed) {
  EXPECT_THAT(Train("new", {.vars_to_warm_start = {"kernel"}}).message(),
              HasSubstr("no variable of the model matches \"kernel\""));
  EXPECT_THAT(Train("new", {.vars_to_warm_start = {"("}}).message(),
              HasSubstr("no regular expression"));
  EXPECT_THAT(Train("new", {.var_name_to_prev_var_name = {{"bias", "gone"}}}).message(),
              HasSubstr("no variable \"gone\" for \"bias\""));
  EXPECT_THAT(Train("new", {.var_name_to_prev_var_name = {{"gone", "bias"}}}).message(),
              HasSubstr("\"gone\" is not warm started"));
  EXPECT_THAT(Train("new", {.var_name_to_prev_var_name = {{"bias", "global_step"}}}).message(),
              HasSubstr("\"global_step\" is int64[] in the checkpoint"));
}

}  // namespace
}  // namespace trainyard::train

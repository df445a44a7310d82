#include "train/predictor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "train/estimator.h"
#include "train/testing/linear_model.h"

namespace trainyard::train {
namespace {

using ::testing::HasSubstr;
using testing::LinearModel;
using testing::LinePoints;

class PredictorTest : public ::testing::Test {
 protected:
  void SetUp() override { ::unsetenv("TF_CONFIG"); }
  RunConfig Config() {
    RunConfig config{.model_dir = JoinPath(dir_.path(), "model")};
    EXPECT_TRUE(config.ReadEnvironment().ok());
    return config;
  }
  TemporaryDirectory dir_;
};

TEST_F(PredictorTest, YieldsRowByRowOrBatchByBatch) {
  const Estimator estimator(LinearModel(), Config());
  ASSERT_TRUE(estimator.Train(LinePoints(), {.max_steps = 300}).ok());
  const auto rows = estimator.Predict(LinePoints(1)).value();
  for (int i = 0; i < 8; ++i) {
    const auto row = rows->Next().value();
    ASSERT_TRUE(row.has_value());
    EXPECT_THAT(row->at("y").shape(), ::testing::ElementsAre(1));
    EXPECT_NEAR(row->at("y").scalar<float>(), 3.0f * static_cast<float>(i) / 8 + 1, 0.2f);
  }
  EXPECT_FALSE(rows->Next().value().has_value());
  EXPECT_FALSE(rows->Next().value().has_value());
  const auto batches = estimator.Predict(LinePoints(1), {.yield_single_examples = false}).value();
  EXPECT_THAT(batches->Next().value()->at("y").shape(), ::testing::ElementsAre(4, 1));
  EXPECT_TRUE(batches->Next().value().has_value());
  EXPECT_FALSE(batches->Next().value().has_value());
}

TEST_F(PredictorTest, MistakesAreSaid) {
  const Estimator estimator(LinearModel(), Config());
  EXPECT_THAT(estimator.Predict(LinePoints(1)).status().message(),
              HasSubstr("cannot predict with the model"));
  ASSERT_TRUE(estimator.Train(LinePoints(), {.max_steps = 1}).ok());
  EXPECT_THAT(estimator.Predict(LinePoints(1), {.predict_keys = {"z"}}).status().message(),
              HasSubstr("no prediction \"z\""));
}

}  // namespace
}  // namespace trainyard::train

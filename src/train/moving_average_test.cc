// Moving averages and accumulation through a whole training, evaluation and export.
#include <gtest/gtest.h>

#include "base/files.h"
#include "tf/checkpoint_reader.h"
#include "tf/saved_model.h"
#include "train/checkpoints/checkpoint_directory.h"
#include "train/estimator.h"
#include "train/initializers.h"
#include "train/losses.h"
#include "train/optimizers.h"
#include "train/testing/linear_model.h"

namespace trainyard::train {
namespace {

using testing::LinePoints;

// y = weight * x; evaluated and exported with the averages if `averaged`.
ModelFn Model(bool averaged, const MinimizeOptions& options) {
  return [=](ModelBuilder& model, const Features& features, const tf::Output& labels) {
    if (averaged) model.UseMovingAverages();
    const Variable& weight = model.AddVariable("weight", {1}, Zeros());
    const tf::Output y = tf::Mul(model.scope(), features.at("x"), weight.value);
    ModelSpec spec;
    spec.predictions = {{"y", y}};
    if (model.mode() == Mode::kPredict) return spec;
    spec.loss = MeanSquaredError(model, labels, y);
    spec.metrics = {{"weight", Mean(model, weight.value)}};
    if (model.training()) {
      spec.train_op = Minimize(model, spec.loss, GradientDescent({.learning_rate = 0.1}), options);
    }
    return spec;
  };
}

class MovingAverageTest : public ::testing::Test {
 protected:
  MovingAverageTest() { ::unsetenv("TF_CONFIG"); }
  RunConfig Config() {
    RunConfig config{.model_dir = JoinPath(dir_.path(), "model"), .save_checkpoints_steps = 20};
    EXPECT_TRUE(config.ReadEnvironment().ok());
    return config;
  }
  double Saved(const std::string& name) {
    const std::string prefix = LatestCheckpoint(Config().model_dir).value();
    return tf::CheckpointReader::Open(prefix).value().Read(name).value().scalar<float>();
  }
  TemporaryDirectory dir_;
};

TEST_F(MovingAverageTest, ModelsAreEvaluatedAndExportedWithTheirAverages) {
  const MinimizeOptions options{.moving_average_decay = 0.9};
  const Estimator averaged(Model(true, options), Config());
  ASSERT_TRUE(averaged.Train(LinePoints(), {.max_steps = 20}).ok());
  const double weight = Saved("weight");
  const double average = Saved("weight/ExponentialMovingAverage");
  EXPECT_GT(weight, average + 0.1);
  EXPECT_NEAR(averaged.Evaluate(LinePoints(1)).value().metrics.at("weight"), average, 1e-6);
  const Estimator plain(Model(false, options), Config());
  EXPECT_NEAR(plain.Evaluate(LinePoints(1)).value().metrics.at("weight"), weight, 1e-6);

  InputSpec serving = LinePoints()->spec();
  const std::string exported =
      averaged.ExportSavedModel(JoinPath(dir_.path(), "export"), serving).value();
  const tf::CheckpointReader variables =
      tf::CheckpointReader::Open(JoinPath(exported, "variables/variables")).value();
  EXPECT_EQ(variables.entries().size(), 2u);  // with the global step
  EXPECT_NEAR(variables.Read("weight/ExponentialMovingAverage").value().scalar<float>(), average,
              1e-6);
}

TEST_F(MovingAverageTest, EvaluationWithAveragesThatWereNotTrainedSaysWhatIsMissing) {
  const Estimator estimator(Model(true, {}), Config());
  ASSERT_TRUE(estimator.Train(LinePoints(), {.max_steps = 1}).ok());
  const auto result = estimator.Evaluate(LinePoints(1));
  ASSERT_FALSE(result.ok());
  EXPECT_NE(
      result.status().message().find("it has no variable \"weight/ExponentialMovingAverage\""),
      std::string::npos)
      << result.status();
}

TEST_F(MovingAverageTest, AccumulationTrainsResumesAndCountsUpdates) {
  const MinimizeOptions options{.gradient_accumulation_steps = 2};
  const Estimator estimator(Model(false, options), Config());
  const TrainResult first = estimator.Train(LinePoints(), {.max_steps = 10}).value();
  EXPECT_EQ(first.global_step, 10);
  EXPECT_EQ(first.local_steps, 20);
  // The two batches are the eight points: as if they had been one batch.
  const TrainResult second = estimator.Train(LinePoints(), {.max_steps = 30}).value();
  EXPECT_EQ(second.global_step, 30);
  double weight = 0;
  for (int step = 0; step < 30; ++step) {
    double gradient = 0;
    for (int i = 0; i < 8; ++i) gradient += 2 * (weight * i / 8 - (3.0 * i / 8 + 1)) * i / 8 / 8;
    weight -= 0.1 * gradient;
  }
  EXPECT_NEAR(Saved("weight"), weight, 1e-4);
}

}  // namespace
}  // namespace trainyard::train

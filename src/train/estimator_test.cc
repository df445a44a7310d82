#include "train/estimator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "tf/checkpoint_reader.h"
#include "tf/saved_model.h"
#include "train/checkpoints/checkpoint_directory.h"
#include "train/testing/linear_model.h"
#include "train/train_and_evaluate.h"

namespace trainyard::train {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using testing::LinearModel;
using testing::LinePoints;
using ::testing::Not;
using ::testing::StartsWith;

// Promises labels in its spec, and leaves them out of its batches.
class ForgetfulInput : public Input {
 public:
  const InputSpec& spec() const override { return points_->spec(); }
  Result<std::unique_ptr<BatchIterator>> MakeIterator() const override {
    ASSIGN_OR_RETURN(auto whole, points_->MakeIterator());
    return std::unique_ptr<BatchIterator>(std::make_unique<Iterator>(std::move(whole)));
  }

 private:
  class Iterator : public BatchIterator {
   public:
    explicit Iterator(std::unique_ptr<BatchIterator> whole) : whole_(std::move(whole)) {}
    Result<std::optional<Batch>> Next() override {
      ASSIGN_OR_RETURN(std::optional<Batch> batch, whole_->Next());
      if (batch.has_value()) batch->labels = tf::Tensor();
      return batch;
    }

   private:
    std::unique_ptr<BatchIterator> whole_;
  };

  const std::shared_ptr<const Input> points_ = LinePoints();
};

class EstimatorTest : public ::testing::Test {
 protected:
  void SetUp() override { ::unsetenv("TF_CONFIG"); }

  RunConfig Config() {
    RunConfig config{.model_dir = JoinPath(dir_.path(), "model"),
                     .save_summary_steps = 10,
                     .save_checkpoints_steps = 20,
                     .keep_checkpoint_max = 3,
                     .log_step_count_steps = 10};
    EXPECT_TRUE(config.ReadEnvironment().ok());
    return config;
  }
  std::vector<std::string> ModelFiles() {
    return ListDirectory(JoinPath(dir_.path(), "model")).value();
  }
  // Flips one byte in the middle of a file.
  static void Damage(const std::string& path) {
    std::string bytes = ReadFile(path).value();
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x40);
    ASSERT_TRUE(WriteFileAtomically(path, bytes).ok());
  }

  TemporaryDirectory dir_;
};

TEST_F(EstimatorTest, TrainsToMaxStepsAndLearns) {
  const Estimator estimator(LinearModel(), Config());
  const TrainResult result = estimator.Train(LinePoints(), {.max_steps = 100}).value();
  EXPECT_EQ(result.global_step, 100);
  EXPECT_EQ(result.local_steps, 100);
  const EvalResult eval = estimator.Evaluate(LinePoints(1)).value();
  EXPECT_EQ(eval.global_step, 100);
  EXPECT_NEAR(eval.metrics.at("bias"), 1.0, 0.1);
  EXPECT_LT(eval.metrics.at("loss"), 0.01);
}

TEST_F(EstimatorTest, LeavesTheFilesThatTensorFlowsToolsExpect) {
  const Estimator estimator(LinearModel(), Config());
  ASSERT_TRUE(estimator.Train(LinePoints(), {.max_steps = 50}).ok());
  const std::vector<std::string> files = ModelFiles();
  EXPECT_THAT(files, Contains("checkpoint"));
  EXPECT_THAT(files, Contains(StartsWith("events.out.tfevents.")));
  EXPECT_THAT(files, Contains("model.ckpt-50.index"));
  EXPECT_THAT(files, Contains("model.ckpt-50.data-00000-of-00001"));
  EXPECT_THAT(files, Contains("model.ckpt-20.index"));
  EXPECT_THAT(files, Not(Contains("model.ckpt-0.index")));  // the fourth, and three are kept
  EXPECT_THAT(files, Not(Contains(HasSubstr("temp"))));
  const std::string prefix = LatestCheckpoint(estimator.config().model_dir).value();
  const tf::CheckpointReader reader = tf::CheckpointReader::Open(prefix).value();
  EXPECT_EQ(reader.entries().size(), 3u);
  EXPECT_EQ(reader.Read("global_step").value().scalar<int64_t>(), 50);
}

TEST_F(EstimatorTest, GoesOnFromTheLastCheckpoint) {
  ASSERT_TRUE(Estimator(LinearModel(), Config()).Train(LinePoints(), {.max_steps = 30}).ok());
  const TrainResult result =
      Estimator(LinearModel(), Config()).Train(LinePoints(), {.max_steps = 50}).value();
  EXPECT_EQ(result.global_step, 50);
  EXPECT_EQ(result.local_steps, 20);
  const TrainResult nothing =
      Estimator(LinearModel(), Config()).Train(LinePoints(), {.max_steps = 50}).value();
  EXPECT_EQ(nothing.local_steps, 0);
}

TEST_F(EstimatorTest, StopsWhereTheDataEndsAndSaves) {
  const Estimator estimator(LinearModel(), Config());
  EXPECT_EQ(estimator.Train(LinePoints(3), {}).value().global_step, 6);
  EXPECT_THAT(ModelFiles(), Contains("model.ckpt-6.index"));
}

TEST_F(EstimatorTest, DivergenceStopsBeforeBadWeightsAreSaved) {
  const Estimator estimator(LinearModel(1e6f), Config());
  const Status status = estimator.Train(LinePoints(), {.max_steps = 100}).status();
  EXPECT_THAT(status.message(), HasSubstr("NaN loss during training"));
  EXPECT_THAT(ModelFiles(), Contains("model.ckpt-0.index"));
  EXPECT_THAT(ModelFiles(), Not(Contains("model.ckpt-100.index")));
}

TEST_F(EstimatorTest, ADamagedCheckpointGivesWayToTheOneBefore) {
  const RunConfig config = Config();
  ASSERT_TRUE(Estimator(LinearModel(), config).Train(LinePoints(), {.max_steps = 40}).ok());
  Damage(JoinPath(config.model_dir, "model.ckpt-40.data-00000-of-00001"));
  const TrainResult result =
      Estimator(LinearModel(), config).Train(LinePoints(), {.max_steps = 60}).value();
  EXPECT_EQ(result.local_steps, 40);  // from 20
}

TEST_F(EstimatorTest, WhenEveryCheckpointIsDamagedItSaysSoAndKeepsThem) {
  const RunConfig config = Config();
  ASSERT_TRUE(Estimator(LinearModel(), config).Train(LinePoints(), {.max_steps = 20}).ok());
  for (const char* step : {"0", "20"}) {
    Damage(JoinPath(config.model_dir, fmt::format("model.ckpt-{}.data-00000-of-00001", step)));
  }
  const Status status =
      Estimator(LinearModel(), config).Train(LinePoints(), {.max_steps = 60}).status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(status.message(), HasSubstr("none of the checkpoints"));
  EXPECT_THAT(ModelFiles(), Contains("model.ckpt-20.index"));
}

TEST_F(EstimatorTest, AnotherNetworksCheckpointIsRefusedByName) {
  ASSERT_TRUE(Estimator(LinearModel(), Config()).Train(LinePoints(), {.max_steps = 20}).ok());
  const ModelFn other = [](ModelBuilder& model, const Features& features,
                           const tf::Output& labels) {
    ModelSpec spec = LinearModel()(model, features, labels);
    model.AddVariable("extra", {2}, Zeros());
    return spec;
  };
  const Status status = Estimator(other, Config()).Train(LinePoints(), {.max_steps = 30}).status();
  EXPECT_THAT(status.message(), HasSubstr("it has no variable \"extra\""));
}

TEST_F(EstimatorTest, AnUnwritableModelDirectoryIsOneLine) {
  ASSERT_TRUE(WriteFileAtomically(JoinPath(dir_.path(), "model"), "a file").ok());
  const Status status =
      Estimator(LinearModel(), Config()).Train(LinePoints(), {.max_steps = 1}).status();
  EXPECT_THAT(status.message(), HasSubstr("cannot create directory"));
}

TEST_F(EstimatorTest, EvaluatingOrExportingAnUntrainedModelSaysSo) {
  const Estimator estimator(LinearModel(), Config());
  EXPECT_THAT(estimator.Evaluate(LinePoints(1)).status().message(),
              HasSubstr("it is not trained yet"));
  EXPECT_EQ(estimator.ExportSavedModel(dir_.path(), LinePoints()->spec()).status().code(),
            StatusCode::kNotFound);
}

TEST_F(EstimatorTest, ExportsASavedModelThatAnswers) {
  const Estimator estimator(LinearModel(), Config());
  ASSERT_TRUE(estimator.Train(LinePoints(), {.max_steps = 200}).ok());
  const std::string base = JoinPath(dir_.path(), "export");
  const std::string version = estimator.ExportSavedModel(base, LinePoints()->spec()).value();
  const std::string second = estimator.ExportSavedModel(base, LinePoints()->spec()).value();
  EXPECT_NE(version, second);
  EXPECT_EQ(ListDirectory(base).value().size(), 2u);  // and no temporary directory
  tf::SavedModel model = tf::LoadSavedModel(version, {"serve"}, {}).value();
  const tf::Signature& signature = model.signatures.at("predict");
  EXPECT_EQ(signature.method_name, "tensorflow/serving/predict");
  EXPECT_TRUE(model.signatures.contains("serving_default"));
  const tf::Tensor x = tf::Tensor::FromValues<float>({1, 1}, std::vector<float>{2});
  const auto y = model.session
                     ->Run({{model.graph->FindOutput(signature.inputs.at("x").name), &x}},
                           {model.graph->FindOutput(signature.outputs.at("y").name)}, {})
                     .value();
  EXPECT_NEAR(y[0].scalar<float>(), 7.0f, 0.3f);
}

TEST_F(EstimatorTest, AFailedExportLeavesNothingBehind) {
  const Estimator estimator(LinearModel(), Config());
  ASSERT_TRUE(estimator.Train(LinePoints(), {.max_steps = 20}).ok());
  Damage(JoinPath(estimator.config().model_dir, "model.ckpt-20.data-00000-of-00001"));
  const std::string base = JoinPath(dir_.path(), "export");
  EXPECT_FALSE(estimator.ExportSavedModel(base, LinePoints()->spec()).ok());
  EXPECT_TRUE(ListDirectory(base).value().empty());
}

TEST_F(EstimatorTest, TrainAndEvaluateAloneEndsWithTheLastCheckpointsNumbers) {
  const Estimator estimator(LinearModel(), Config());
  const TrainAndEvaluateResult result =
      TrainAndEvaluate(estimator, {.input = LinePoints(), .max_steps = 100},
                       {.input = LinePoints(1)})
          .value();
  ASSERT_TRUE(result.evaluation.has_value());
  EXPECT_EQ(result.evaluation->global_step, 100);
  EXPECT_THAT(ListDirectory(JoinPath(estimator.config().model_dir, "eval")).value(),
              Contains(StartsWith("events.out.tfevents.")));
  // Again, with nothing left to train: a success with the same numbers.
  const TrainAndEvaluateResult again =
      TrainAndEvaluate(estimator, {.input = LinePoints(), .max_steps = 100},
                       {.input = LinePoints(1)})
          .value();
  EXPECT_EQ(again.evaluation->metrics, result.evaluation->metrics);
}

TEST_F(EstimatorTest, ABatchWithoutThePromisedLabelsIsAnErrorAndNoCrash) {
  const Estimator estimator(LinearModel(), Config());
  const auto input = std::make_shared<ForgetfulInput>();
  EXPECT_THAT(estimator.Train(input, {.max_steps = 10}).status().message(),
              HasSubstr("batch without labels"));
}

TEST_F(EstimatorTest, MaxStepsMustBePositive) {
  const Estimator estimator(LinearModel(), Config());
  const Status status =
      TrainAndEvaluate(estimator, {.input = LinePoints(), .max_steps = 0}, {.input = LinePoints(1)})
          .status();
  EXPECT_THAT(status.message(), HasSubstr("max_steps > 0"));
}

TEST(ExitCodeTest, TellsARestartPolicyWhatIsWorthARetry) {
  EXPECT_EQ(ExitCodeOf(OkStatus()), 0);
  EXPECT_EQ(ExitCodeOf(CancelledError("x")), 143);
  EXPECT_EQ(ExitCodeOf(UnavailableError("x")), 138);
  EXPECT_EQ(ExitCodeOf(InvalidArgumentError("x")), 1);
}

}  // namespace
}  // namespace trainyard::train

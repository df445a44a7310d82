#include "train/exports/exporter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "train/exports/best_result.h"
#include "train/loop/continuous_evaluation.h"
#include "train/testing/linear_model.h"
#include "train/train_and_evaluate.h"

namespace trainyard::train {
namespace {

using ::testing::HasSubstr;
using testing::LinearModel;
using testing::LinePoints;

class ExporterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ::unsetenv("TF_CONFIG");
    ASSERT_TRUE(estimator_.Train(LinePoints(), {.max_steps = 5}).ok());
  }
  RunConfig Config() {
    RunConfig config{.model_dir = JoinPath(dir_.path(), "model"), .save_checkpoints_steps = 20};
    EXPECT_TRUE(config.ReadEnvironment().ok());
    return config;
  }
  std::string Path(const std::string& exporter) const {
    return JoinPath(estimator_.config().model_dir, "export/" + exporter);
  }
  // How many versions there are after another evaluation with that loss.
  size_t After(const std::shared_ptr<Exporter>& exporter, double loss, bool is_final = false) {
    const EvalResult result{.global_step = 5, .metrics = {{"loss", loss}}};
    const Status status = RunExporters({exporter}, estimator_, "", result, is_final);
    EXPECT_TRUE(status.ok()) << status;
    return Versions(exporter->name());
  }
  size_t Versions(const std::string& exporter) const {
    std::vector<std::string> names =
        ListDirectory(Path(exporter)).value_or(std::vector<std::string>());
    std::erase_if(names, [](const std::string& name) { return name.size() != 10; });
    return names.size();
  }

  const InputSpec serving_{.features = LinePoints()->spec().features, .labels = {}};
  TemporaryDirectory dir_;
  Estimator estimator_{LinearModel(), Config()};
};

TEST_F(ExporterTest, LatestExportsEveryTimeAndKeepsTheNewest) {
  const auto exporter = LatestExporter("latest", serving_, {.exports_to_keep = 2});
  EXPECT_EQ(After(exporter, 1), 1u);
  EXPECT_EQ(After(exporter, 2), 2u);
  ASSERT_TRUE(MakeDirectories(JoinPath(Path("latest"), "17")).ok());  // not one of ours
  EXPECT_EQ(After(exporter, 3), 2u);
  EXPECT_TRUE(PathExists(JoinPath(Path("latest"), "17")));
}

TEST_F(ExporterTest, FinalExportsAtTheEndOnly) {
  const auto exporter = FinalExporter("final", serving_);
  EXPECT_EQ(After(exporter, 1), 0u);
  EXPECT_EQ(After(exporter, 1, /*is_final=*/true), 1u);
}

TEST_F(ExporterTest, BestExportsWhatIsBetterAlsoAfterARestart) {
  const auto exporter = BestExporter("best", serving_);
  EXPECT_EQ(After(exporter, 1.0), 1u);
  EXPECT_EQ(After(exporter, 1.0), 1u);
  EXPECT_EQ(After(exporter, 0.5), 2u);
  const auto restarted = BestExporter("best", serving_);
  EXPECT_EQ(After(restarted, 0.7), 2u);
  EXPECT_EQ(After(restarted, 0.4), 3u);
}

TEST_F(ExporterTest, BestTakesAComparison) {
  const auto exporter =
      BestExporter("best", serving_,
                   {.compare = [](const Metrics& best,
                                  const Metrics& now) { return now.at("loss") > best.at("loss"); },
                    .exports_to_keep = 1});
  EXPECT_EQ(After(exporter, 1.0), 1u);
  EXPECT_EQ(After(exporter, 0.5), 1u);
  EXPECT_EQ(ReadBestResult(Path("best")).value()->at("loss"), 1.0);
  EXPECT_EQ(After(exporter, 2), 1u);
  EXPECT_EQ(ReadBestResult(Path("best")).value()->at("loss"), 2.0);
}

TEST_F(ExporterTest, MistakesAreSaid) {
  const EvalResult no_loss{.global_step = 5, .metrics = {}};
  EXPECT_THAT(
      RunExporters({BestExporter("best", serving_)}, estimator_, "", no_loss, false).message(),
      HasSubstr("exporter \"best\": current_eval_result cannot be empty or no loss"));
  const auto none = LatestExporter("none", serving_, {.exports_to_keep = 0});
  EXPECT_THAT(RunExporters({none}, estimator_, "", no_loss, false).message(),
              HasSubstr("must be a positive number"));
  EXPECT_THAT(CheckExporters({none, none}).message(), HasSubstr("unique names"));
  EXPECT_FALSE(CheckExporters({LatestExporter("", serving_)}).ok());
  ASSERT_TRUE(MakeDirectories(Path("best")).ok());
  ASSERT_TRUE(WriteFileAtomically(JoinPath(Path("best"), "best_eval_result.txt"), "loss\n").ok());
  EXPECT_EQ(ReadBestResult(Path("best")).status().code(), StatusCode::kDataLoss);
}

TEST_F(ExporterTest, TrainAndEvaluateCallsThem) {
  const EvalSpec eval{
      .input = LinePoints(1),
      .exporters = {FinalExporter("final", serving_), LatestExporter("latest", serving_)}};
  ASSERT_TRUE(TrainAndEvaluate(estimator_, {.input = LinePoints(), .max_steps = 40}, eval).ok());
  EXPECT_EQ(Versions("final"), 1u);
  EXPECT_GE(Versions("latest"), 1u);
}

TEST_F(ExporterTest, AnEvaluatorExportsTheLastCheckpointOnce) {
  ASSERT_TRUE(MarkTrainingEnd(estimator_.config().model_dir, 5).ok());
  const EvalSpec eval{
      .input = LinePoints(1),
      .exporters = {FinalExporter("final", serving_), LatestExporter("latest", serving_)}};
  ASSERT_TRUE(EvaluateContinuously(estimator_, eval, 5).ok());
  EXPECT_EQ(Versions("final"), 1u);
  EXPECT_EQ(Versions("latest"), 1u);
}

}  // namespace
}  // namespace trainyard::train

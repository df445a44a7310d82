// What training and evaluation do when the disk, its directory or a checkpoint is not as it should
// be, and when they go on for long.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>

#include "base/files.h"
#include "train/checkpoints/checkpoint_directory.h"
#include "train/testing/linear_model.h"
#include "train/train_and_evaluate.h"

namespace trainyard::train {
namespace {

using ::testing::HasSubstr;
using testing::LinearModel;
using testing::LinePoints;

// The linear model with a megabyte beside it, so that its checkpoints are larger than its events.
ModelFn LargeModel() {
  return [](ModelBuilder& model, const Features& features, const tf::Output& labels) {
    model.AddVariable("large", {1 << 18}, Zeros(), {.trainable = false});
    return LinearModel()(model, features, labels);
  };
}

// Calls `action` after the step `at`.
class AtStep : public TrainingHook {
 public:
  AtStep(int64_t at, std::function<void()> action) : at_(at), action_(std::move(action)) {}
  Status AfterStep(tf::Session*, const StepResult& step) override {
    if (step.global_step == at_) action_();
    return OkStatus();
  }

 private:
  const int64_t at_;
  const std::function<void()> action_;
};

// No file of this process can grow beyond `bytes`, as on a disk that is full, until Lift().
class FileSizeLimit {
 public:
  FileSizeLimit() : handler_(std::signal(SIGXFSZ, SIG_IGN)) { ::getrlimit(RLIMIT_FSIZE, &before_); }
  ~FileSizeLimit() {
    Lift();
    std::signal(SIGXFSZ, handler_);
  }
  void Set(rlim_t bytes) const {
    const rlimit limit{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  void Lift() const { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  void (*handler_)(int);
  rlimit before_{};
};

int64_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  int64_t total = 0;
  int64_t resident = 0;
  statm >> total >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

class FaultsTest : public ::testing::Test {
 protected:
  void SetUp() override { ::unsetenv("TF_CONFIG"); }

  RunConfig Config() {
    RunConfig config{.model_dir = JoinPath(dir_.path(), "model"), .save_checkpoints_steps = 20};
    EXPECT_TRUE(config.ReadEnvironment().ok());
    return config;
  }
  Result<TrainResult> Train(int64_t max_steps, const ModelFn& model = LinearModel(),
                            std::shared_ptr<TrainingHook> hook = nullptr) {
    TrainOptions options{.max_steps = max_steps};
    if (hook != nullptr) options.hooks.push_back(std::move(hook));
    return Estimator(model, Config()).Train(LinePoints(), std::move(options));
  }
  std::string Checkpoint(int64_t step) {
    return JoinPath(dir_.path(), fmt::format("model/model.ckpt-{}", step));
  }
  // Trains to step 40, damages that checkpoint and trains on; expects that step 20 was used, with a
  // line that names what could not be read.
  void ExpectStep20IsUsedAfter(const std::function<void()>& damage) {
    ASSERT_TRUE(Train(40).ok());
    damage();
    ::testing::internal::CaptureStderr();
    const Result<TrainResult> result = Train(60);
    const std::string log = ::testing::internal::GetCapturedStderr();
    ASSERT_TRUE(result.ok()) << result.status().message();
    EXPECT_EQ(result->local_steps, 40);
    EXPECT_THAT(log, HasSubstr("model.ckpt-40"));
    EXPECT_THAT(log, HasSubstr("Restoring parameters from " + Checkpoint(20)));
  }

  TemporaryDirectory dir_;
};

TEST_F(FaultsTest, ATruncatedCheckpointGivesWayToTheOneBeforeAndIsNamed) {
  ExpectStep20IsUsedAfter([&] {
    const std::string data = Checkpoint(40) + ".data-00000-of-00001";
    std::filesystem::resize_file(data, std::filesystem::file_size(data) / 2);
  });
}

TEST_F(FaultsTest, ATruncatedIndexGivesWayToTheOneBeforeAndIsNamed) {
  ExpectStep20IsUsedAfter([&] {
    const std::string index = Checkpoint(40) + ".index";
    std::filesystem::resize_file(index, std::filesystem::file_size(index) / 2);
  });
}

TEST_F(FaultsTest, AFlippedByteGivesWayToTheOneBeforeAndIsNamed) {
  ExpectStep20IsUsedAfter([&] {
    const std::string data = Checkpoint(40) + ".data-00000-of-00001";
    std::string bytes = ReadFile(data).value();
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    ASSERT_TRUE(WriteFileAtomically(data, bytes).ok());
  });
}

TEST_F(FaultsTest, ACheckpointWithoutItsDataGivesWayToTheOneBeforeAndIsNamed) {
  ExpectStep20IsUsedAfter(
      [&] { std::filesystem::remove(Checkpoint(40) + ".data-00000-of-00001"); });
}

TEST_F(FaultsTest, AFullDiskEndsTrainingAndTheNextRunGoesOnFromTheLastGoodCheckpoint) {
  const FileSizeLimit limit;
  const Status status =
      Train(100, LargeModel(), std::make_shared<AtStep>(30, [&] { limit.Set(1 << 19); })).status();
  limit.Lift();
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(status.message(), HasSubstr("cannot save checkpoint " + Checkpoint(40)));
  EXPECT_EQ(LatestCheckpoint(Config().model_dir).value(), Checkpoint(20));
  EXPECT_FALSE(PathExists(Checkpoint(40) + ".index"));
  EXPECT_EQ(Train(60, LargeModel()).value().local_steps, 40);
}

TEST_F(FaultsTest, ARemovedModelDirectoryIsSaidByName) {
  const std::string model_dir = Config().model_dir;
  const Status status =
      Train(100, LinearModel(),
            std::make_shared<AtStep>(30, [&] { std::filesystem::remove_all(model_dir); }))
          .status();
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(status.message(), HasSubstr(Checkpoint(40)));
}

TEST_F(FaultsTest, AnEvaluatorSurvivesACheckpointThatWasDeleted) {
  ASSERT_TRUE(Train(40).ok());
  const auto evaluator = Evaluator::Create(LinearModel(), LinePoints(1), Config(), {}).value();
  EXPECT_EQ(evaluator->Evaluate(Checkpoint(7)).status().code(), StatusCode::kNotFound);
  std::filesystem::remove(Checkpoint(20) + ".data-00000-of-00001");
  EXPECT_FALSE(evaluator->Evaluate(Checkpoint(20)).ok());
  EXPECT_EQ(evaluator->Evaluate(Checkpoint(40)).value().global_step, 40);
}

TEST_F(FaultsTest, AThousandEvaluationsNeedNoMoreMemoryThanAHundred) {
  ASSERT_TRUE(Train(20).ok());
  const auto evaluator = Evaluator::Create(LinearModel(), LinePoints(1), Config(), {}).value();
  int64_t after_hundred = 0;
  for (int i = 1; i <= 1000; ++i) {
    ASSERT_EQ(evaluator->Evaluate(Checkpoint(20)).value().global_step, 20);
    if (i == 100) after_hundred = ResidentBytes();
  }
  // A graph of this model, kept for each evaluation, would be far more than 10 kB.
  EXPECT_LT(ResidentBytes() - after_hundred, 900 * 10'000);
}

TEST_F(FaultsTest, NaNLeavesTheLastGoodCheckpointTheNewest) {
  ASSERT_TRUE(Train(40).ok());
  EXPECT_THAT(Train(400, LinearModel(1e6f)).status().message(),
              HasSubstr("NaN loss during training"));
  const std::string newest = LatestCheckpoint(Config().model_dir).value();
  const auto evaluator = Evaluator::Create(LinearModel(), LinePoints(1), Config(), {}).value();
  const EvalResult result = evaluator->Evaluate(newest).value();
  EXPECT_FALSE(std::isnan(result.metrics.at("loss")));
}

}  // namespace
}  // namespace trainyard::train

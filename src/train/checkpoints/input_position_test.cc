// The trainer keeps the position in the data with its checkpoints.
#include "train/checkpoints/input_position.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "train/checkpoints/checkpoint_directory.h"
#include "train/estimator.h"
#include "train/inputs/pipeline.h"
#include "train/testing/linear_model.h"
#include "train/testing/number_input.h"
#include "train/train_and_evaluate.h"

namespace trainyard::train {
namespace {

using ::testing::Contains;
using ::testing::ElementsAreArray;
using testing::LinearModel;
using ::testing::Not;
using testing::Range;

// Points of a line; writes down the numbers of each batch that it hands out, and fails, as a
// process that is killed would, when `fail_at` batches are out.
class LoggedInput : public Input {
 public:
  LoggedInput(InputPtr batches, std::vector<int64_t>* log, int64_t fail_at)
      : batches_(std::move(batches)), log_(log), fail_at_(fail_at) {
    spec_.features["x"] = {.dtype = tf::DataType::kFloat, .shape = {-1, 1}};
    spec_.labels = FeatureSpec{.dtype = tf::DataType::kFloat, .shape = {-1, 1}};
  }
  const InputSpec& spec() const override { return spec_; }
  Result<std::unique_ptr<BatchIterator>> MakeIterator() const override {
    ASSIGN_OR_RETURN(auto batches, batches_->MakeIterator());
    return std::unique_ptr<BatchIterator>(
        std::make_unique<Iterator>(std::move(batches), log_, fail_at_));
  }

 private:
  class Iterator : public BatchIterator {
   public:
    Iterator(std::unique_ptr<BatchIterator> batches, std::vector<int64_t>* log, int64_t fail_at)
        : batches_(std::move(batches)), log_(log), left_(fail_at) {}
    Result<std::optional<Batch>> Next() override {
      if (left_-- == 0) return InternalError("killed");
      ASSIGN_OR_RETURN(std::optional<Batch> numbers, batches_->Next());
      if (!numbers.has_value()) return numbers;
      std::vector<float> x;
      std::vector<float> y;
      for (const int64_t number : testing::NumbersOf(*numbers)) {
        log_->push_back(number);
        x.push_back(static_cast<float>(number) / 100);
        y.push_back(3 * x.back() + 1);
      }
      const tf::Shape shape = {static_cast<int64_t>(x.size()), 1};
      Batch batch;
      batch.features["x"] = tf::Tensor::FromValues<float>(shape, x);
      batch.labels = tf::Tensor::FromValues<float>(shape, y);
      return std::optional<Batch>(std::move(batch));
    }
    std::string Save() const override { return batches_->Save(); }
    Status Restore(const std::string& position) override { return batches_->Restore(position); }

   private:
    const std::unique_ptr<BatchIterator> batches_;
    std::vector<int64_t>* const log_;
    int64_t left_;
  };

  const InputPtr batches_;
  std::vector<int64_t>* const log_;
  const int64_t fail_at_;
  InputSpec spec_;
};

class InputPositionTest : public ::testing::Test {
 protected:
  void SetUp() override { ::unsetenv("TF_CONFIG"); }

  RunConfig Config(const std::string& name, int64_t save_steps) {
    RunConfig config{.model_dir = JoinPath(dir_.path(), name),
                     .save_checkpoints_steps = save_steps,
                     .keep_checkpoint_max = 2};
    EXPECT_TRUE(config.ReadEnvironment().ok());
    return config;
  }

  // Sixty numbers in shuffled batches of four, worked ahead on.
  static InputPtr Batches(int64_t epochs = 1) {
    return *Pipeline(Range(0, 60))
                .Shuffle({.buffer_size = 20})
                .Repeat(epochs)
                .BatchUp({.batch_size = 4})
                .Prefetch()
                .Build();
  }

  // Trains; the numbers that were drawn.
  static std::vector<int64_t> Train(const RunConfig& config, const InputPtr& batches,
                                    std::optional<int64_t> max_steps, int64_t fail_at = -1,
                                    bool resume = true) {
    std::vector<int64_t> log;
    const auto input = std::make_shared<LoggedInput>(batches, &log, fail_at);
    const auto result =
        Estimator(LinearModel(0.1f), config)
            .Train(input, {.max_steps = max_steps, .after_save = {}, .resume_input = resume});
    EXPECT_EQ(result.ok(), fail_at < 0) << result.status();
    return log;
  }

  static std::vector<int64_t> Sorted(std::vector<int64_t> numbers) {
    std::ranges::sort(numbers);
    return numbers;
  }
  static std::vector<int64_t> Numbers(int64_t count) { return testing::Drain(Range(0, count)); }

  TemporaryDirectory dir_;
};

TEST_F(InputPositionTest, StoppedAfterEveryBatchNothingIsRepeatedOrLeftOut) {
  const RunConfig config = Config("model", 1000);
  std::vector<int64_t> all;
  for (int64_t step = 1; step <= 15; ++step) {
    const std::vector<int64_t> drawn = Train(config, Batches(), step);
    EXPECT_EQ(drawn.size(), 4u) << step;
    all.insert(all.end(), drawn.begin(), drawn.end());
  }
  EXPECT_EQ(Sorted(all), Numbers(60));
}

TEST_F(InputPositionTest, KilledAtEveryBatchItGoesOnFromTheCheckpoint) {
  constexpr int64_t kSaveSteps = 4;
  for (int64_t kill_at = 0; kill_at < 15; ++kill_at) {
    const RunConfig config = Config(fmt::format("model{}", kill_at), kSaveSteps);
    const std::vector<int64_t> killed = Train(config, Batches(), std::nullopt, kill_at);
    ASSERT_EQ(killed.size(), static_cast<size_t>(4 * kill_at));
    const std::vector<int64_t> rest = Train(config, Batches(), std::nullopt);
    // What the last checkpoint held, and all that came after it.
    const int64_t saved = kill_at / kSaveSteps * kSaveSteps;
    std::vector<int64_t> all(killed.begin(), killed.begin() + 4 * saved);
    all.insert(all.end(), rest.begin(), rest.end());
    EXPECT_EQ(Sorted(all), Numbers(60)) << "killed at batch " << kill_at;
  }
}

TEST_F(InputPositionTest, WithTheSameWeightsAsWithoutAnInterruption) {
  const auto weights = [](const RunConfig& config) {
    const std::string prefix = LatestCheckpoint(config.model_dir).value();
    return ReadFile(prefix + ".data-00000-of-00001").value();
  };
  const InputPtr batches = *Pipeline(Range(0, 60))
                                .Shuffle({.buffer_size = 20, .seed = 1})
                                .BatchUp({.batch_size = 4})
                                .Build();
  const RunConfig whole = Config("whole", 100);
  Train(whole, batches, 12);
  const RunConfig cut = Config("cut", 5);
  Train(cut, batches, std::nullopt, 8);
  Train(cut, batches, 12);
  EXPECT_EQ(weights(cut), weights(whole));
}

TEST_F(InputPositionTest, AfterTheEndOfTheDataTheNextRunStartsAnew) {
  for (const int64_t save_steps : {1, 100}) {
    const RunConfig config = Config(fmt::format("model{}", save_steps), save_steps);
    EXPECT_EQ(Sorted(Train(config, Batches(), std::nullopt)), Numbers(60));
    EXPECT_EQ(Sorted(Train(config, Batches(), std::nullopt)), Numbers(60));
  }
}

TEST_F(InputPositionTest, APositionAtTheVeryEndStartsAnew) {
  const RunConfig config = Config("model", 100);
  EXPECT_EQ(Sorted(Train(config, Batches(), 15)), Numbers(60));
  EXPECT_EQ(Sorted(Train(config, Batches(), 30)), Numbers(60));
}

TEST_F(InputPositionTest, ADamagedOrForeignPositionStartsAnew) {
  const RunConfig config = Config("model", 100);
  Train(config, Batches(), 5);
  const std::string path = JoinPath(config.model_dir, "model.ckpt-5.input-worker-0");
  ASSERT_TRUE(PathExists(path));
  ASSERT_TRUE(WriteFileAtomically(path, "damaged").ok());
  EXPECT_EQ(Sorted(Train(config, Batches(), 20)), Numbers(60));
  EXPECT_EQ(Train(config, Batches(9), 22).size(), 8u);
  const InputPtr other = BatchUp(Range(0, 60), {.batch_size = 4}).value();
  EXPECT_THAT(Train(config, other, 23), ElementsAreArray({0, 1, 2, 3}));
}

TEST_F(InputPositionTest, IsKeptOnlyWithItsCheckpointAndOnlyUsedIfAsked) {
  const RunConfig config = Config("model", 2);
  Train(config, BatchUp(Range(0, 60), {.batch_size = 4}).value(), 6);
  const std::vector<std::string> files = ListDirectory(config.model_dir).value();
  EXPECT_THAT(files, Contains("model.ckpt-6.input-worker-0"));
  EXPECT_THAT(files, Contains("model.ckpt-4.input-worker-0"));
  EXPECT_THAT(files, Not(Contains("model.ckpt-2.input-worker-0")));
  const auto drawn =
      Train(config, BatchUp(Range(0, 60), {.batch_size = 4}).value(), 7, -1, /*resume=*/false);
  EXPECT_THAT(drawn, ElementsAreArray({0, 1, 2, 3}));
}

TEST_F(InputPositionTest, ATrainSpecChoosesWhetherItIsUsed) {
  for (const bool resume : {true, false}) {
    const RunConfig config = Config(resume ? "resumed" : "anew", 2);
    const auto train = [&](int64_t max_steps) {
      std::vector<int64_t> log;
      const InputPtr batches = BatchUp(Range(0, 60), {.batch_size = 4}).value();
      const TrainSpec spec{.input = std::make_shared<LoggedInput>(batches, &log, -1),
                           .max_steps = max_steps,
                           .resume_input = resume};
      std::vector<int64_t> unused;
      const EvalSpec eval{.input = std::make_shared<LoggedInput>(batches, &unused, -1)};
      const auto result = TrainAndEvaluate(Estimator(LinearModel(0.1f), config), spec, eval);
      EXPECT_TRUE(result.ok()) << result.status();
      return log;
    };
    train(6);
    const std::vector<int64_t> first =
        resume ? std::vector<int64_t>{24, 25, 26, 27} : std::vector<int64_t>{0, 1, 2, 3};
    EXPECT_THAT(train(7), ElementsAreArray(first));
  }
}

// Announces a checkpoint as the chief would.
void Announce(const std::string& model_dir, int64_t step) {
  CheckpointDirectory checkpoints({.directory = model_dir, .keep_max = 0});
  ASSERT_TRUE(checkpoints.Load().ok());
  ASSERT_TRUE(WriteFileAtomically(checkpoints.PrefixFor(step) + ".index", "").ok());
  ASSERT_TRUE(checkpoints.Add(step).ok());
}

TEST_F(InputPositionTest, AWorkerWritesWhereItWasAtTheCheckpointsStep) {
  const std::string& model_dir = dir_.path();
  spec::TaskConfig task;
  task.index = 1;
  task.is_chief = false;
  const InputPtr numbers = Range(0, 1000);
  const auto worker =
      PositionedInput::Create(numbers.get(), model_dir, task, std::chrono::milliseconds(0)).value();
  ASSERT_TRUE(worker->GoTo(0).ok());
  // Every second step of the job is this worker's; it learns of the checkpoint of step 13 late.
  for (int64_t i = 0; i < 200; ++i) {
    ASSERT_TRUE(worker->Next().value().has_value());
    if (i == 9) Announce(model_dir, 13);
    worker->AfterWorkerStep(2 * i + 2);
  }
  EXPECT_TRUE(PathExists(JoinPath(model_dir, "model.ckpt-13.input-worker-1")));
  const auto again = PositionedInput::Create(numbers.get(), model_dir, task).value();
  ASSERT_TRUE(again->GoTo(13).ok());
  // Its steps 2, 4, ... 12 are in the checkpoint: numbers 0 to 5.
  EXPECT_THAT(testing::NumbersOf(*again->Next().value()), ElementsAreArray({6}));
}

TEST_F(InputPositionTest, AWorkerNeedsNoModelDirectory) {
  spec::TaskConfig task;
  task.is_chief = false;
  const InputPtr numbers = Range(0, 10);
  const auto worker =
      PositionedInput::Create(numbers.get(), JoinPath(dir_.path(), "nothing"), task).value();
  ASSERT_TRUE(worker->GoTo(0).ok());
  ASSERT_TRUE(worker->Next().value().has_value());
  worker->AfterWorkerStep(1);
  EXPECT_TRUE(
      worker->Save(JoinPath(dir_.path(), "nothing/model.ckpt-1"), PositionedInput::Last::kTrained)
          .ok());
}

}  // namespace
}  // namespace trainyard::train

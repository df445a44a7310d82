// Several processes' part of training by all-reduce, in the threads of one.
#include "train/strategies/all_reduce.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "train/hooks/stop_at_step_hook.h"
#include "train/optimizers.h"
#include "train/testing/training_cluster.h"

namespace trainyard::train {
namespace {

using ::testing::ElementsAreArray;
using ::testing::FloatNear;
using ::testing::HasSubstr;
using testing::NumberedExamples;
using testing::SmallNetwork;
using testing::Task;

// Calls the network lost, once, before a step.
class LosesTheNetwork : public TrainingHook {
 public:
  explicit LosesTheNetwork(int64_t at) : at_(at) {}
  Status BeforeStep(int64_t next_step, StepRequest* /*request*/) override {
    if (next_step != at_) return OkStatus();
    at_ = -1;
    return UnavailableError("as if the network were gone");
  }

 private:
  int64_t at_;
};

class AllReduceTest : public testing::TrainingCluster {
 protected:
  // As with one process and the batches of all together: the examples that n workers take for a
  // step are the n batches that follow in the data.
  void ExpectAsOneProcess(const std::shared_ptr<const Optimizer>& optimizer, int workers) {
    SCOPED_TRACE(fmt::format("{} workers", workers));
    Forget();
    constexpr int64_t kSteps = 15;
    const ModelFn model = SmallNetwork(optimizer);
    const auto recorders = Train(Workers(workers), model, kSteps);
    const auto alone = TrainAlone(model, workers * kBatch, kSteps);
    for (const auto& recorder : recorders) {
      EXPECT_EQ(recorder->examples().size(), static_cast<size_t>(kSteps * kBatch));
      ExpectSame(*recorder, *recorders[0]);
    }
    ExpectNear(*recorders[0], *alone, 2e-6f);
  }
};

TEST_F(AllReduceTest, WorkersEndAsOneProcessWithTheBatchesOfAllWould) {
  const auto sgd = std::make_shared<GradientDescent>(GradientDescentOptions{.learning_rate = 0.1});
  for (const int workers : {2, 3, 4}) ExpectAsOneProcess(sgd, workers);
}

TEST_F(AllReduceTest, WithAdamToo) {
  const auto adam = std::make_shared<Adam>(AdamOptions{.learning_rate = 0.01});
  for (const int workers : {2, 3}) ExpectAsOneProcess(adam, workers);
}

TEST_F(AllReduceTest, EverythingIsTheSameInAllMembersToTheLastBit) {
  const ModelFn model =
      SmallNetwork(std::make_shared<Adam>(AdamOptions{.learning_rate = 0.01}), /*normalise=*/true,
                   {.clip_global_norm = 1, .weight_decay = 1e-3, .moving_average_decay = 0.9});
  const auto recorders = Train(Workers(3), model, 20);
  EXPECT_EQ(recorders[0]->variables().count("batch_normalization/moving_mean"), 1u);
  ExpectSame(*recorders[1], *recorders[0]);
  ExpectSame(*recorders[2], *recorders[0]);
}

TEST_F(AllReduceTest, AChiefAndAnEvaluatorBesideTheWorkers) {
  const ModelFn model =
      SmallNetwork(std::make_shared<GradientDescent>(GradientDescentOptions{.learning_rate = 0.1}));
  const std::vector<Task> tasks = {{"chief", 0}, {"worker", 0}, {"worker", 1}, {"evaluator", 0}};
  const auto recorders = Train(tasks, model, 8);
  ExpectSame(*recorders[1], *recorders[0]);
  ExpectSame(*recorders[2], *recorders[0]);
  // All examples twice: no two have taken the same.
  std::vector<int32_t> examples;
  for (int i : {0, 1, 2}) {
    const std::vector<int32_t>& own = recorders[static_cast<size_t>(i)]->examples();
    examples.insert(examples.end(), own.begin(), own.end());
  }
  std::sort(examples.begin(), examples.end());
  std::vector<int32_t> twice;
  for (int32_t i = 0; i < 48; ++i) twice.insert(twice.end(), 2, i);
  EXPECT_EQ(examples, twice);
}

TEST_F(AllReduceTest, AMasterLeadsAndEvaluates) {
  const ModelFn model =
      SmallNetwork(std::make_shared<GradientDescent>(GradientDescentOptions{.learning_rate = 0.1}));
  const auto recorders = Train({{"master", 0}, {"worker", 0}}, model, 10);
  ExpectSame(*recorders[1], *recorders[0]);
}

TEST_F(AllReduceTest, ARunThatGoesOnSkipsNoExampleAndRepeatsNone) {
  const ModelFn model = SmallNetwork(std::make_shared<Adam>(AdamOptions{.learning_rate = 0.01}));
  // Worker 1 wants to stop after 7 steps, when worker 0 has drawn its eighth batch.
  const auto first =
      Train(Workers(2), model, 1000,
            {{1, std::make_shared<StopAtStepHook>(StopAtStepHook::Options{.last_step = 7})}},
            /*shuffle=*/true);
  const auto second = Train(Workers(2), model, 18, {}, /*shuffle=*/true);
  Forget();
  const auto whole = Train(Workers(2), model, 18, {}, /*shuffle=*/true);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(first[i]->examples().size(), static_cast<size_t>(7 * kBatch));
    std::vector<int32_t> both = first[i]->examples();
    both.insert(both.end(), second[i]->examples().begin(), second[i]->examples().end());
    EXPECT_EQ(both, whole[i]->examples()) << "worker " << i;
    ExpectSame(*second[i], *whole[i]);
  }
}

TEST_F(AllReduceTest, AMemberThatIsLostMeetsTheOthersAgainAndNoStepIs) {
  const ModelFn model =
      SmallNetwork(std::make_shared<GradientDescent>(GradientDescentOptions{.learning_rate = 0.1}));
  for (const size_t lost : {0u, 2u}) {
    SCOPED_TRACE(fmt::format("worker {}", lost));
    Forget();
    const auto recorders =
        Train(Workers(3), model, 12, {{lost, std::make_shared<LosesTheNetwork>(6)}});
    ExpectNear(*recorders[0], *TrainAlone(model, 3 * kBatch, 12), 2e-6f);
    for (const auto& recorder : recorders) {
      EXPECT_EQ(recorder->examples().size(), static_cast<size_t>(12 * kBatch));
      ExpectSame(*recorder, *recorders[0]);
    }
  }
}

TEST_F(AllReduceTest, AModelWhoseStepIsNotMinimizesIsRefused) {
  const ModelFn own = [](ModelBuilder& builder, const Features& features,
                         const tf::Output& labels) {
    const tf::Output y = Dense(builder, features.at("x"), {.units = 1});
    ModelSpec spec;
    spec.loss = MeanSquaredError(builder, labels, y);
    const tf::Scope& scope = builder.scope();
    spec.train_op = scope.Op("AssignAddVariableOp")
                        .In(builder.global_step().handle)
                        .In(tf::Const(scope, int64_t{1}))
                        .Finish();
    return spec;
  };
  const Estimator estimator(own, ConfigOf(ClusterOf(Workers(2)), {"worker", 0}));
  const Status status = estimator.Train(NumberedExamples(kBatch), {.max_steps = 1}).status();
  EXPECT_EQ(status.code(), StatusCode::kUnimplemented);
  EXPECT_THAT(status.message(), HasSubstr("cannot train with 2 workers and no parameter server"));
}

}  // namespace
}  // namespace trainyard::train

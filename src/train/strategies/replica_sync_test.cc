// Synchronous updates: what Minimize makes of several replicas' gradients, and how many are needed.
#include "train/strategies/replica_sync.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "train/initializers.h"
#include "train/optimizers.h"
#include "train/testing/model_runner.h"

namespace trainyard::train {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatEq;
using ::testing::HasSubstr;

constexpr auto kLeft = static_cast<int32_t>(WorkerPresence::kLeft);
constexpr auto kTraining = static_cast<int32_t>(WorkerPresence::kTraining);

// A dense variable with gradient x, and a table of which row `id` has the gradient x.
struct TwoReplicas {
  TwoReplicas() : model(&graph, {.synchronous = {.to_aggregate = 2, .total = 2}}) {
    dense = &model.AddVariable("dense", {}, Zeros());
    table = &model.AddVariable("table", {3, 1}, Zeros());
    x = tf::Placeholder(model.scope(), tf::DataType::kFloat, {}, "x");
    id = tf::Placeholder(model.scope(), tf::DataType::kInt32, {1}, "id");
    const tf::Output sum =
        tf::Add(model.scope(), dense->value, tf::Sum(model.scope(), model.Lookup(*table, id)));
    train_op =
        Minimize(model, tf::Mul(model.scope(), x, sum), GradientDescent({.learning_rate = 1}));
    update = model.synchronous_update().value();
    run.emplace(model);
  }

  void Step(float gradient, int32_t row, int64_t round) {
    const auto fed_x = tf::Tensor::Scalar(gradient);
    const auto fed_id = tf::Tensor::FromVector(std::vector<int32_t>{row});
    const auto fed_round = tf::Tensor::Scalar(round);
    run->Run(train_op, {{x, &fed_x}, {id, &fed_id}, {update.stamp, &fed_round}});
  }
  int Accumulated() { return run->Fetch(update.accumulated).scalar<int32_t>(); }
  void Update(int required) {
    ASSERT_GE(Accumulated(), required);
    const auto fed = tf::Tensor::Scalar(static_cast<int32_t>(required));
    run->Run(update.apply, {{update.num_required, &fed}});
  }
  int64_t Int(const tf::Output& output) { return run->Fetch(output).scalar<int64_t>(); }

  tf::Graph graph;
  ModelBuilder model;
  const Variable* dense;
  const Variable* table;
  tf::Output x;
  tf::Output id;
  tf::Operation train_op;
  SynchronousUpdate update;
  std::optional<ModelRunner> run;
};

TEST(SynchronousUpdateTest, AppliesTheMeanOfTheReplicasGradientsOnce) {
  TwoReplicas replicas;
  replicas.Step(1, 0, 0);
  EXPECT_EQ(replicas.Int(replicas.model.global_step().value), 0);
  EXPECT_EQ(replicas.run->Float(replicas.dense->value), 0);
  replicas.Step(3, 2, 0);
  replicas.Update(2);
  EXPECT_EQ(replicas.Int(replicas.model.global_step().value), 1);
  EXPECT_EQ(replicas.Int(replicas.update.round), 1);
  EXPECT_EQ(replicas.Accumulated(), 0);
  EXPECT_EQ(replicas.run->Float(replicas.dense->value), -2);
  // As with both in one batch: each row's gradient counts half.
  EXPECT_THAT(replicas.run->Floats(replicas.table->value),
              ElementsAre(FloatEq(-0.5f), FloatEq(0), FloatEq(-1.5f)));
}

TEST(SynchronousUpdateTest, GradientsOfAnEarlierRoundAreDropped) {
  TwoReplicas replicas;
  replicas.Step(1, 0, 0);
  replicas.Step(1, 0, 0);
  replicas.Update(2);
  replicas.Step(100, 1, 0);
  EXPECT_EQ(replicas.Accumulated(), 0);
  replicas.Step(1, 0, 1);
  replicas.Step(1, 0, 1);
  replicas.Update(2);
  EXPECT_EQ(replicas.run->Float(replicas.dense->value), -2);
  EXPECT_THAT(replicas.run->Floats(replicas.table->value),
              ElementsAre(FloatEq(-2), FloatEq(0), FloatEq(0)));
}

TEST(SynchronousUpdateTest, ANewBeginningThrowsAwayWhatWasAddedBefore) {
  TwoReplicas replicas;
  replicas.Step(100, 1, 0);
  const auto begin = [&](int64_t round) {
    const auto fed = tf::Tensor::Scalar(round);
    for (tf::Operation op : replicas.update.refuse_older) {
      replicas.run->Run(op, {{replicas.update.new_round, &fed}});
    }
  };
  begin(10);
  for (tf::Operation op : replicas.update.clear) replicas.run->Run(op);
  begin(11);
  const auto eleven = tf::Tensor::Scalar(int64_t{11});
  replicas.run->Run(replicas.update.begin_round, {{replicas.update.new_round, &eleven}});
  EXPECT_EQ(replicas.Int(replicas.update.round), 11);
  replicas.Step(100, 1, 5);
  EXPECT_EQ(replicas.Accumulated(), 0);
  replicas.Step(1, 0, 11);
  replicas.Step(1, 0, 11);
  replicas.Update(2);
  EXPECT_EQ(replicas.run->Float(replicas.dense->value), -1);
  EXPECT_THAT(replicas.run->Floats(replicas.table->value),
              ElementsAre(FloatEq(-1), FloatEq(0), FloatEq(0)));
}

TEST(SynchronousUpdateTest, IsNotMadeTogetherWithMicroBatches) {
  tf::Graph graph;
  ModelBuilder model(&graph, {.synchronous = {.to_aggregate = 1}});
  const Variable& w = model.AddVariable("w", {}, Ones());
  EXPECT_EQ(Minimize(model, w.value, GradientDescent({}), {.gradient_accumulation_steps = 2}),
            nullptr);
  EXPECT_THAT(graph.status().message(),
              HasSubstr("it must be 1 where replicas_to_aggregate is set"));
}

TEST(GradientsRequiredTest, AreThoseAskedForAsLongAsSoManyReplicasRemain) {
  const std::vector<int32_t> all = {kTraining, 0, kTraining};
  EXPECT_EQ(GradientsRequired(2, all), 2);
  EXPECT_EQ(GradientsRequired(4, all), 4);
  EXPECT_EQ(GradientsRequired(4, std::vector<int32_t>{kTraining, kLeft, kTraining}), 3);
  EXPECT_EQ(GradientsRequired(2, std::vector<int32_t>{kLeft, kLeft}), 1);
}

}  // namespace
}  // namespace trainyard::train

#include "train/model_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tf/ops.h"
#include "tf/session.h"

namespace trainyard::train {
namespace {

using ::testing::HasSubstr;

Initializer Value(float value) {
  return
      [value](const tf::Scope& scope, const tf::Shape&, Seed) { return tf::Const(scope, value); };
}

TEST(ModelBuilderTest, GlobalStepIsFirstAndVariablesGoRoundRobinWithTheirSlots) {
  tf::Graph graph;
  ModelBuilder model(&graph, {.num_ps_tasks = 2, .compute_device = "/job:worker/task:0"});
  const Variable& a = model.AddVariable("a", {}, Value(1));
  const Variable& slot = model.AddSlot(a, "Adam", {}, Value(0));
  const Variable& b = model.AddVariable("b", {}, Value(2));
  EXPECT_EQ(model.global_step().device, "/job:ps/task:0");
  EXPECT_EQ(a.device, "/job:ps/task:1");
  EXPECT_EQ(slot.name, "a/Adam");
  EXPECT_EQ(slot.device, a.device);
  EXPECT_FALSE(slot.trainable);
  EXPECT_EQ(b.device, "/job:ps/task:0");
  EXPECT_EQ(model.trainable_variables().size(), 2u);
  EXPECT_TRUE(graph.status().ok()) << graph.status();
}

TEST(ModelBuilderTest, OperationsHaveTheNamesThatCheckpointsAndToolsExpect) {
  tf::Graph graph;
  ModelBuilder model(&graph, {});
  const Variable& kernel = model.AddVariable("dense/kernel", {}, Value(1));
  EXPECT_EQ(tf::OutputName(kernel.handle), "dense/kernel:0");
  EXPECT_EQ(tf::OperationName(kernel.initialize), "dense/kernel/Assign");
  EXPECT_EQ(tf::OutputName(kernel.value), "dense/kernel/Read/ReadVariableOp:0");
}

TEST(ModelBuilderTest, ANameUsedTwiceFails) {
  tf::Graph graph;
  ModelBuilder model(&graph, {});
  model.AddVariable("w", {}, Value(1));
  model.AddVariable("w", {}, Value(1));
  EXPECT_THAT(graph.status().message(), HasSubstr("a variable named \"w\" exists already"));
}

TEST(ModelBuilderTest, VariablesStartAtTheirInitialValues) {
  tf::Graph graph;
  ModelBuilder model(&graph, {});
  const Variable& a = model.AddVariable("a", {}, Value(3));
  auto session = tf::Session::Create(graph, {}).value();
  ASSERT_TRUE(session->Run(a.initialize).ok());
  EXPECT_EQ(session->Run({}, {a.value}, {}).value()[0].scalar<float>(), 3.0f);
}

TEST(ModelBuilderTest, MovingAveragesStandForTrainableVariablesOutsideOfTraining) {
  for (const Mode mode : {Mode::kTrain, Mode::kEval, Mode::kPredict}) {
    tf::Graph graph;
    ModelBuilder model(&graph, {.mode = mode});
    model.UseMovingAverages();
    EXPECT_EQ(model.AddVariable("w", {}, Value(1)).name,
              mode == Mode::kTrain ? "w" : "w/ExponentialMovingAverage");
    EXPECT_EQ(model.AddVariable("seen", {}, Value(1), {.trainable = false}).name, "seen");
  }
}

TEST(ModelBuilderTest, SeedsAreDistinctAndReproducible) {
  tf::Graph graph;
  ModelBuilder model(&graph, {.seed = 0});
  const Seed first = model.NextSeed();
  const Seed second = model.NextSeed();
  EXPECT_EQ(first.graph, 0);
  EXPECT_NE(first.operation, 0);
  EXPECT_NE(first.operation, second.operation);
  tf::Graph other;
  ModelBuilder unseeded(&other, {});
  EXPECT_EQ(unseeded.NextSeed().operation, 0);
}

}  // namespace
}  // namespace trainyard::train

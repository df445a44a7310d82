#include "train/loop/thread_choice.h"

#include <gtest/gtest.h>

#include "train/optimizers.h"
#include "train/testing/small_network.h"

namespace trainyard::train {
namespace {

std::unique_ptr<ModelGraph> TrainingGraph(const ModelFn& model_fn) {
  return ModelGraph::Build(model_fn, ServingInput(testing::NumberedExamples(8)->spec()), {})
      .value();
}

ModelFn WideNetwork(int64_t units) {
  return [units](ModelBuilder& model, const Features& features, const tf::Output& labels) {
    tf::Output x = Dense(model, features.at("x"), {.units = units});
    x = Dense(model, x, {.units = units});
    ModelSpec spec;
    spec.loss = MeanSquaredError(model, labels, Dense(model, x, {.units = 1}));
    spec.train_op = Minimize(model, spec.loss, Adam({}));
    return spec;
  };
}

TEST(ThreadChoiceTest, TheEstimateKnowsProductsAndVariables) {
  const auto model = TrainingGraph(WideNetwork(100));
  const StepWork work = EstimateStep(*model);
  EXPECT_EQ(work.variable_bytes, 4 * (4 * 100 + 100 + 100 * 100 + 100 + 100 + 1));
  // Forward, and each layer's two gradients; that of the input is in the graph, though none asks.
  const double first = 2.0 * 128 * 4 * 100;
  const double second = 2.0 * 128 * 100 * 100;
  const double last = 2.0 * 128 * 100;
  EXPECT_EQ(work.flops, 3 * (first + second + last));
}

TEST(ThreadChoiceTest, ASmallStepGetsOneThread) {
  const RunConfig config = WithThreadsFor(*TrainingGraph(WideNetwork(16)), {});
  EXPECT_EQ(config.intra_op_threads, 1);
  EXPECT_EQ(config.inter_op_threads, tf::kCallerThread);
}

TEST(ThreadChoiceTest, ALargeOneGetsAll) {
  const RunConfig config = WithThreadsFor(*TrainingGraph(WideNetwork(1024)), {});
  EXPECT_EQ(config.intra_op_threads, 0);
  EXPECT_EQ(config.inter_op_threads, 0);
}

TEST(ThreadChoiceTest, WhatTheUserSaysStays) {
  RunConfig config;
  config.intra_op_threads = 2;
  config = WithThreadsFor(*TrainingGraph(WideNetwork(16)), config);
  EXPECT_EQ(config.intra_op_threads, 2);
  EXPECT_EQ(config.inter_op_threads, 0);
}

// A table's update costs its memory, whatever the products do.
TEST(ThreadChoiceTest, MemoryCountsAsWell) {
  EXPECT_TRUE(IsBestAlone({.flops = 1e6, .variable_bytes = 1e5}));
  EXPECT_FALSE(IsBestAlone({.flops = 1e6, .variable_bytes = 1e7}));
  EXPECT_FALSE(IsBestAlone({.flops = 1e8, .variable_bytes = 1e5}));
}

}  // namespace
}  // namespace trainyard::train

// The smallest thing to minimise: sum(w^2) for w = {1, -2}. Its gradient is 2w.
#pragma once

#include <gtest/gtest.h>

#include "train/optimizer.h"
#include "train/testing/model_runner.h"

namespace trainyard::train::testing {

inline Initializer Values(const std::vector<float>& values) {
  return [values](const tf::Scope& scope, const tf::Shape& shape, Seed) {
    return tf::Const(scope, tf::Tensor::FromValues<float>(shape, values));
  };
}

struct Quadratic {
  explicit Quadratic(const Optimizer& optimizer, const MinimizeOptions& minimize = {},
                     const ModelBuilder::Options& options = {})
      : model(&graph, options) {
    w = &model.AddVariable("w", {2}, Values({1, -2}));
    loss = tf::Sum(model.scope(), tf::Mul(model.scope(), w->value, w->value));
    train_op = Minimize(model, loss, optimizer, minimize);
  }
  // The variable after so many steps.
  std::vector<float> After(int steps) {
    ModelRunner run(model);
    for (int i = 0; i < steps; ++i) run.Run(train_op);
    EXPECT_EQ(run.Fetch(model.global_step().value).scalar<int64_t>(), steps);
    return run.Floats(w->value);
  }

  tf::Graph graph;
  ModelBuilder model;
  const Variable* w;
  tf::Output loss;
  tf::Operation train_op;
};

inline void ExpectNear(const std::vector<float>& actual, const std::vector<double>& expected,
                       double tolerance = 1e-5) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) EXPECT_NEAR(actual[i], expected[i], tolerance) << i;
}

}  // namespace trainyard::train::testing

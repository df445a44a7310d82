// Gradients, as TensorFlow derives them, against central differences.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include "tf/ops.h"
#include "train/testing/model_runner.h"

namespace trainyard::train {

// What to differentiate: `build` makes something of an input of that shape.
struct GradientCase {
  std::string name;
  tf::Shape input;
  std::function<tf::Output(ModelBuilder&, const tf::Output&)> build;
};

inline void PrintTo(const GradientCase& c, std::ostream* out) { *out << c.name; }

constexpr float kGradientStep = 0.01f;

// Distinct values, none nearer to 0 than 0.03 or to another than 0.06: a step of kGradientStep
// crosses no kink of ReLU or max pooling.
inline std::vector<float> Spread(int64_t count, uint64_t seed) {
  std::vector<float> values(static_cast<size_t>(count));
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = 0.06f * (static_cast<float>(i) - static_cast<float>(count / 2)) + 0.03f;
  }
  std::shuffle(values.begin(), values.end(), std::mt19937_64(seed));
  return values;
}

// d loss / d x by feeding x with one element moved each way.
inline std::vector<float> NumericGradient(ModelRunner& run, const tf::Output& loss,
                                          const tf::Output& x, const tf::Shape& shape,
                                          const std::vector<float>& at) {
  std::vector<float> derivatives;
  for (size_t i = 0; i < at.size(); ++i) {
    float moved[2];
    for (int side = 0; side < 2; ++side) {
      std::vector<float> values = at;
      values[i] += side == 0 ? -kGradientStep : kGradientStep;
      const auto fed = tf::Tensor::FromValues<float>(shape, values);
      moved[side] = run.Float(loss, {{x, &fed}});
    }
    derivatives.push_back((moved[1] - moved[0]) / (2 * kGradientStep));
  }
  return derivatives;
}

// Compares the gradients with respect to the input and every trainable variable.
inline void CheckGradients(const GradientCase& c) {
  tf::Graph graph;
  ModelBuilder model(&graph, {.seed = 3});
  const tf::Output x = FloatsConst(model, c.input, Spread(tf::NumElements(c.input), 1));
  const tf::Output y = c.build(model, x);
  ASSERT_TRUE(graph.status().ok()) << graph.status();
  const tf::Shape shape = graph.OutputShape(y).value();
  // Weights make every element of y count differently.
  const tf::Output loss = tf::Sum(
      model.scope(),
      tf::Mul(model.scope(), y, FloatsConst(model, shape, Spread(tf::NumElements(shape), 2))));

  std::vector<tf::Output> points = {x};
  std::vector<tf::Shape> shapes = {c.input};
  for (const Variable* variable : model.trainable_variables()) {
    points.push_back(variable->value);
    shapes.push_back(variable->shape);
  }
  const std::vector<tf::Output> gradients = graph.AddGradients(loss, points);
  ASSERT_TRUE(graph.status().ok()) << graph.status();
  ModelRunner run(model);
  for (size_t p = 0; p < points.size(); ++p) {
    const std::vector<float> analytic = run.Floats(gradients[p]);
    const std::vector<float> numeric =
        NumericGradient(run, loss, points[p], shapes[p], run.Floats(points[p]));
    ASSERT_EQ(analytic.size(), numeric.size());
    float largest = 0.1f;
    for (const float value : numeric) largest = std::max(largest, std::fabs(value));
    for (size_t i = 0; i < analytic.size(); ++i) {
      EXPECT_NEAR(analytic[i], numeric[i], 0.01f * largest)
          << c.name << ", " << tf::OutputName(points[p]) << ", element " << i;
    }
  }
}

}  // namespace trainyard::train

// The smallest model that learns something: y = weight * x + bias, by gradient descent.
#pragma once

#include <memory>

#include "tf/ops.h"
#include "train/initializers.h"
#include "train/input.h"
#include "train/inputs/array_input.h"
#include "train/metrics.h"
#include "train/model_spec.h"
#include "train/optimizers.h"

namespace trainyard::train::testing {

// Trains on features "x" [n,1] and labels [n,1]; metric "bias"; prediction "y". A rate that is too
// high (> 2) makes it diverge.
inline ModelFn LinearModel(float rate = 0.5f) {
  return [rate](ModelBuilder& model, const Features& features, const tf::Output& labels) {
    const tf::Scope& scope = model.scope();
    const Variable& weight = model.AddVariable("weight", {1}, Zeros());
    const Variable& bias = model.AddVariable("bias", {1}, Zeros());
    const tf::Output y = tf::Add(scope, tf::Mul(scope, features.at("x"), weight.value), bias.value);
    ModelSpec spec;
    spec.predictions = {{"y", y}};
    if (model.mode() == Mode::kPredict) return spec;
    const tf::Output error = tf::Sub(scope, y, labels);
    spec.loss = scope.Op("Mean")
                    .In(tf::Mul(scope, error, error))
                    .In(tf::Const(scope, tf::Tensor::FromVector<int32_t>({0, 1})))
                    .Out();
    spec.metrics = {{"bias", Mean(model, bias.value)}};
    if (model.training()) {
      spec.train_op = Minimize(model, spec.loss, GradientDescent({.learning_rate = rate}));
    }
    return spec;
  };
}

// Eight points of y = 3x + 1, in batches of four.
inline std::shared_ptr<const Input> LinePoints(std::optional<int64_t> epochs = std::nullopt) {
  std::vector<float> x;
  std::vector<float> y;
  for (int i = 0; i < 8; ++i) {
    x.push_back(static_cast<float>(i) / 8);
    y.push_back(3 * x.back() + 1);
  }
  Arrays arrays;
  arrays.features["x"] = tf::Tensor::FromValues<float>({8, 1}, x);
  arrays.labels = tf::Tensor::FromValues<float>({8, 1}, y);
  return ArrayInput::Create(std::move(arrays), {.batch_size = 4, .epochs = epochs}).value();
}

}  // namespace trainyard::train::testing

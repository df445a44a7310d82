// A network of two layers and a table on numbered examples: enough for every kind of gradient.
#pragma once

#include <cmath>
#include <memory>
#include <vector>

#include "tf/ops.h"
#include "train/inputs/array_input.h"
#include "train/layers.h"
#include "train/losses.h"
#include "train/model_spec.h"
#include "train/optimizer.h"

namespace trainyard::train::testing {

// Features "id" (int32 [n]) and "x" (float [n,4]), labels [n,1]. The table's gradient is sparse.
// Smooth throughout, so that rounding stays rounding. With `normalise`, batch normalisation and
// dropout as well, which each replica applies to its own part of a batch.
inline ModelFn SmallNetwork(std::shared_ptr<const Optimizer> optimizer, bool normalise = false,
                            const MinimizeOptions& options = {}) {
  return [=](ModelBuilder& model, const Features& features, const tf::Output& labels) {
    tf::Output x = Dense(model, features.at("x"), {.units = 8, .activation = Tanh});
    if (normalise) x = Dropout(model, BatchNorm(model, x), 0.25f);
    const tf::Output y =
        tf::Add(model.scope(), Dense(model, x, {.units = 1}),
                Embedding(model, features.at("id"), {.input_dim = 48, .output_dim = 1}));
    ModelSpec spec;
    spec.predictions = {{"y", y}};
    if (model.mode() == Mode::kPredict) return spec;
    spec.loss = MeanSquaredError(model, labels, y);
    if (model.training()) spec.train_op = Minimize(model, spec.loss, *optimizer, options);
    return spec;
  };
}

// 48 examples in their order, over and over; or shuffled, always in the same order.
inline std::shared_ptr<const Input> NumberedExamples(int64_t batch_size, Shard shard = {},
                                                     bool shuffle = false) {
  constexpr int kCount = 48;
  std::vector<int32_t> ids;
  std::vector<float> x;
  std::vector<float> y;
  for (int i = 0; i < kCount; ++i) {
    ids.push_back(i);
    for (int j = 0; j < 4; ++j) x.push_back(std::sin(static_cast<float>(i * (j + 1))));
    y.push_back(std::cos(static_cast<float>(i)) + x.back());
  }
  Arrays arrays;
  arrays.features["id"] = tf::Tensor::FromVector(ids);
  arrays.features["x"] = tf::Tensor::FromValues<float>({kCount, 4}, x);
  arrays.labels = tf::Tensor::FromValues<float>({kCount, 1}, y);
  return ArrayInput::Create(std::move(arrays), {.batch_size = batch_size,
                                                .shuffle = shuffle,
                                                .seed = 7,
                                                .epochs = std::nullopt,
                                                .shard = shard})
      .value();
}

}  // namespace trainyard::train::testing

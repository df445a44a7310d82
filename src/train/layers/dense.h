// The fully connected layer.
#pragma once

#include <string>

#include "train/initializers.h"
#include "train/layers/activation.h"
#include "train/model_builder.h"

namespace trainyard::train {

struct DenseOptions {
  int64_t units = 0;  // size of the result; required
  bool use_bias = true;
  Activation activation = nullptr;
  Initializer kernel_initializer = GlorotUniform();
  Initializer bias_initializer = Zeros();
  std::string name = "dense";  // dense_1, dense_2, ... for the next ones
};

// x [batch,features] -> activation(x * kernel + bias) [batch,units]. Variables: <name>/kernel
// [features,units] and <name>/bias [units].
tf::Output Dense(ModelBuilder& model, const tf::Output& x, const DenseOptions& options);

// Keeps dimension 0 and lays the others out in one: [batch,7,7,32] -> [batch,1568].
tf::Output Flatten(ModelBuilder& model, const tf::Output& x);

}  // namespace trainyard::train

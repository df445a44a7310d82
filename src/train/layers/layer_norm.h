// Layer normalisation.
#pragma once

#include <string>

#include "train/initializers.h"
#include "train/model_builder.h"

namespace trainyard::train {

struct LayerNormOptions {
  float epsilon = 1e-3f;  // added to the variance
  bool center = true;     // adds beta
  bool scale = true;      // multiplies by gamma
  Initializer beta_initializer = Zeros();
  Initializer gamma_initializer = Ones();
  std::string name = "layer_normalization";
};

// Gives the values along the last dimension of every example mean 0 and variance 1, then scales by
// gamma and adds beta. x is float, of rank 2 or more, its last size known. The same in all modes:
// nothing is shared between examples. Variables: <name>/gamma and <name>/beta, each of the last
// dimension's size. As tf.keras.layers.LayerNormalization with axis=-1 (Ba, Kiros, Hinton: Layer
// Normalization, 2016).
tf::Output LayerNorm(ModelBuilder& model, const tf::Output& x,
                     const LayerNormOptions& options = {});

}  // namespace trainyard::train

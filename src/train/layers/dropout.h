// Dropout.
#pragma once

#include <string>

#include "train/model_builder.h"

namespace trainyard::train {

struct DropoutOptions {
  float rate = 0.5f;  // the probability of a 0, in [0, 1)
  // The shape of the random choices: of x's rank, each size -1 for x's own or 1 for one choice
  // along that dimension. {-1,1,1,-1} drops whole channels of images. Empty: one choice per
  // element.
  tf::Shape noise_shape = {};
  std::string name = "dropout";
};

// In training sets each element of x (float) to 0 with probability `rate` and multiplies the others
// by 1 / (1 - rate), so that the expected sum stays; otherwise returns x itself. Reproducible if
// the model has a seed. As tf.keras.layers.Dropout (Srivastava et al.: Dropout, 2014).
tf::Output Dropout(ModelBuilder& model, const tf::Output& x, const DropoutOptions& options);
tf::Output Dropout(ModelBuilder& model, const tf::Output& x, float rate,
                   const std::string& name = "dropout");

}  // namespace trainyard::train

// The digits network: a small convolutional classifier of 28x28 grey images.
#pragma once

#include "train/model_spec.h"

namespace digits {

struct ModelOptions {
  int hidden_layers = 2;  // each convolution, batch normalisation, ReLU, pooling
  // Reached after a twelfth of max_steps, then falls along half a cosine wave to 0 in the last
  // step.
  double learning_rate = 0.002;
  int64_t max_steps = 1200;
};

// A feature "image" [batch,28,28,1]: uint8 from 0 (paper) to 255 (ink), or float from 0 to 1.
// Labels: the digits, integers [batch].
trainyard::train::ModelFn DigitsModel(const ModelOptions& options);

}  // namespace digits

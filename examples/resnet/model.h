// A small residual network for 28x28 grey images of ten kinds.
#pragma once

#include "train/model_spec.h"

namespace resnet {

struct ModelOptions {
  int64_t filters =
      16;          // of the first stage; each of the two others has twice those of the one before
  int blocks = 1;  // per stage
  double learning_rate = 0.1;  // reached after a tenth of max_steps, then falls along a cosine to 0
  double weight_decay = 1e-4;
  int64_t max_steps = 6000;
};

// A feature "image" [batch,28,28,1]: uint8 from 0 to 255, or float from 0 to 1. Labels: the kinds,
// integers [batch] in 0..9.
trainyard::train::ModelFn ResNetModel(const ModelOptions& options);

}  // namespace resnet

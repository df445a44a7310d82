// First values for variables, with TensorFlow's names and ranges. All make float tensors.
//
//   model.AddVariable("dense/kernel", {784, 10}, GlorotUniform());
#pragma once

#include "train/variable.h"

namespace trainyard::train {

Initializer Zeros();
Initializer Ones();
Initializer Constant(float value);

// Evenly spread over [low, high).
Initializer RandomUniform(float low, float high);
Initializer RandomNormal(float mean, float stddev);
// A normal distribution without what lies further than two standard deviations from the mean.
Initializer TruncatedNormal(float mean, float stddev);

// Uniform within +-sqrt(6 / (fan_in + fan_out)); TensorFlow's default for kernels. The fans are the
// last two sizes of the shape times the sizes before them (a kernel's window).
Initializer GlorotUniform();
// Truncated normal of variance 2 / fan_in, for layers followed by ReLU.
Initializer HeNormal();

}  // namespace trainyard::train

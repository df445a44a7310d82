// First values for variables, with the names, ranges and defaults of tf.keras.initializers. All
// make float tensors: for a variable of another type the graph fails, naming the variable's Assign.
//
// Those that are random are reproducible where the model has a seed (the numbers differ from
// Python's). An initializer is a value: copies may be used for any number of variables, from any
// thread.
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

struct VarianceScalingOptions {
  enum class Mode { kFanIn, kFanOut, kFanAvg };
  // kTruncatedNormal is cut off at two standard deviations and made wider by what that takes away.
  enum class Distribution { kTruncatedNormal, kUntruncatedNormal, kUniform };
  float scale = 1;  // above 0
  Mode mode = Mode::kFanIn;
  Distribution distribution = Distribution::kTruncatedNormal;
};

// Mean 0 and variance scale / fan. fan_in and fan_out are the last two sizes of the shape, each
// times the sizes before them (a kernel's window); of a vector both are its length; kFanAvg is
// their average.
Initializer VarianceScaling(const VarianceScalingOptions& options = {});

// VarianceScaling of scale 1 by kFanAvg; the uniform one, within +-sqrt(6 / (fan_in + fan_out)), is
// TensorFlow's default for kernels (Glorot, Bengio, 2010).
Initializer GlorotUniform();
Initializer GlorotNormal();
// Of scale 2 by kFanIn: for layers followed by ReLU (He et al.: Delving Deep into Rectifiers,
// 2015).
Initializer HeUniform();
Initializer HeNormal();
// Of scale 1 by kFanIn: for layers followed by Selu (Klambauer et al., 2017).
Initializer LecunUniform();
Initializer LecunNormal();

// Orthonormal columns (or rows, if there are more columns) of the matrix [product of all sizes but
// the last, last size], times gain. The shape must have two sizes or more (Saxe et al., 2014).
Initializer Orthogonal(float gain = 1);
// `gain` on the diagonal of a matrix, zeros elsewhere. The shape must have two sizes.
Initializer Identity(float gain = 1);

}  // namespace trainyard::train

// Two-dimensional convolution.
#pragma once

#include <string>

#include "train/initializers.h"
#include "train/layers/activation.h"
#include "train/layers/window.h"
#include "train/model_builder.h"

namespace trainyard::train {

struct Conv2DOptions {
  int64_t filters = 0;  // channels of the result; required
  Size2D kernel_size = 3;
  Size2D strides = 1;
  Padding padding = Padding::kValid;
  // The distance between the pixels that neighbouring kernel elements see. Not together with
  // strides: one of the two is 1.
  Size2D dilation_rate = 1;
  // Batch normalisation subtracts the mean and with it any bias: leave it out in front of one.
  bool use_bias = true;
  Activation activation = nullptr;
  Initializer kernel_initializer = GlorotUniform();
  Initializer bias_initializer = Zeros();
  std::string name = "conv2d";  // conv2d_1, conv2d_2, ... for the next ones
};

// x [batch,height,width,channels] -> [batch,height',width',filters], float. Variables:
// <name>/kernel [height,width,channels,filters] and <name>/bias [filters]. As
// tf.keras.layers.Conv2D, channels last, without groups.
//
// With a dilation_rate, training convolves images taken apart by it (SpaceToBatchND), since
// TensorFlow's gradient of the dilated operation is wrong; other modes use that operation.
//
//   x = Conv2D(model, x, {.filters = 32, .kernel_size = 5, .padding = Padding::kSame});
tf::Output Conv2D(ModelBuilder& model, const tf::Output& x, const Conv2DOptions& options);

}  // namespace trainyard::train

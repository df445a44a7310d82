// Convolutions that filter every channel by itself.
#pragma once

#include <string>

#include "train/initializers.h"
#include "train/layers/activation.h"
#include "train/layers/window.h"
#include "train/model_builder.h"

namespace trainyard::train {

struct DepthwiseConv2DOptions {
  Size2D kernel_size = 3;
  Size2D strides = 1;  // height and width alike
  Padding padding = Padding::kValid;
  int64_t depth_multiplier = 1;  // results per channel
  Size2D dilation_rate = 1;      // not together with strides
  bool use_bias = true;
  Activation activation = nullptr;
  Initializer depthwise_initializer = GlorotUniform();
  Initializer bias_initializer = Zeros();
  std::string name = "depthwise_conv2d";
};

// x [batch,height,width,channels] -> [batch,height',width',channels * depth_multiplier], float; the
// results of channel 0 come first. Variables: <name>/depthwise_kernel
// [height,width,channels,depth_multiplier] and <name>/bias. As tf.keras.layers.DepthwiseConv2D
// (Keras 3 calls the kernel `kernel`; this is the name in TensorFlow's own checkpoints).
tf::Output DepthwiseConv2D(ModelBuilder& model, const tf::Output& x,
                           const DepthwiseConv2DOptions& options = {});

struct SeparableConv2DOptions {
  int64_t filters = 0;  // channels of the result; required
  Size2D kernel_size = 3;
  Size2D strides = 1;  // height and width alike
  Padding padding = Padding::kValid;
  int64_t depth_multiplier = 1;
  Size2D dilation_rate = 1;  // not together with strides
  bool use_bias = true;
  Activation activation = nullptr;
  Initializer depthwise_initializer = GlorotUniform();
  Initializer pointwise_initializer = GlorotUniform();
  Initializer bias_initializer = Zeros();
  std::string name = "separable_conv2d";
};

// A depthwise convolution, then one of 1x1 that mixes the channels: far fewer weights and
// multiplications than Conv2D. x [batch,height,width,channels] -> [batch,height',width',filters],
// float. Variables: <name>/depthwise_kernel [height,width,channels,depth_multiplier],
// <name>/pointwise_kernel [1,1,channels * depth_multiplier,filters] and <name>/bias [filters]. As
// tf.keras.layers.SeparableConv2D.
//
//   x = SeparableConv2D(model, x, {.filters = 64, .padding = Padding::kSame});
tf::Output SeparableConv2D(ModelBuilder& model, const tf::Output& x,
                           const SeparableConv2DOptions& options);

}  // namespace trainyard::train

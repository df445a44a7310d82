// What the convolution layers share.
#pragma once

#include <functional>
#include <string_view>

#include "train/layers/activation.h"
#include "train/layers/window.h"
#include "train/model_builder.h"

namespace trainyard::train::internal {

// A window, how far it moves, and how far its elements lie apart.
struct Window {
  Size2D size;
  Size2D strides;
  Size2D dilation_rate = 1;

  bool dilated() const { return dilation_rate != Size2D(1); }
};

// Whether all sizes are positive and strides or dilations are 1; fails the graph if not.
bool CheckWindow(ModelBuilder& model, std::string_view layer, const Window& window);

// Convolves `x` without dilation.
using Convolve = std::function<tf::Output(const tf::Output& x, Padding padding)>;

// The convolution with the window's dilation_rate, as tf.nn.with_space_to_batch makes it: the
// pixels that one window sees together are gathered in images of their own, convolved there, and
// put back. It serves where an operation's dilations attribute does not: TensorFlow's C++ gradient
// of Conv2D forgets it, and its kernels for CPUs without oneDNN have it neither backwards nor in
// depthwise convolutions.
//
// `input` is the shape of x, [batch,height,width,channels]; height and width may be unknown.
tf::Output ConvolveDilated(const tf::Scope& scope, const tf::Output& x, const tf::Shape& input,
                           const Window& window, Padding padding, const Convolve& convolve);

// Every channel with filters of its own: `kernel` is [height,width,channels,multiplier], the result
// [batch,height',width',channels * multiplier]. Fails the graph if the two strides differ, which
// TensorFlow's kernel does not know.
tf::Output ConvolveDepthwise(const tf::Scope& scope, const tf::Output& x, const tf::Shape& input,
                             const tf::Output& kernel, const Window& window, Padding padding);

// activation(y + bias), each if there is one. Makes the variable `scope`/bias [channels].
struct BiasOptions {
  int64_t channels = 0;
  bool use_bias = true;
  const Initializer& initializer;
  Activation activation = nullptr;
};
tf::Output AddBias(ModelBuilder& model, const tf::Scope& scope, const tf::Output& y,
                   const BiasOptions& options);

}  // namespace trainyard::train::internal

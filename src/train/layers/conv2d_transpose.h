// The transposed convolution, which makes images larger.
#pragma once

#include <string>

#include "train/initializers.h"
#include "train/layers/activation.h"
#include "train/layers/window.h"
#include "train/model_builder.h"

namespace trainyard::train {

struct Conv2DTransposeOptions {
  int64_t filters = 0;  // channels of the result; required
  Size2D kernel_size = 3;
  Size2D strides = 1;  // by how much the image grows
  Padding padding = Padding::kValid;
  bool use_bias = true;
  Activation activation = nullptr;
  Initializer kernel_initializer = GlorotUniform();
  Initializer bias_initializer = Zeros();
  std::string name = "conv2d_transpose";
};

// What Conv2D of the same options does to its gradient: each pixel of x spreads the kernel over the
// result. x [batch,height,width,channels] -> [batch,height',width',filters], float, where height'
// is height * stride, and with kValid max(kernel height - stride, 0) more. Variables: <name>/kernel
// [height,width,filters,channels] and <name>/bias [filters]. As tf.keras.layers.Conv2DTranspose
// without output_padding and dilations.
//
//   x = Conv2DTranspose(model, x, {.filters = 16, .strides = 2, .padding = Padding::kSame});
tf::Output Conv2DTranspose(ModelBuilder& model, const tf::Output& x,
                           const Conv2DTransposeOptions& options);

}  // namespace trainyard::train

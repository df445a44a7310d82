// The shortcut of residual networks.
#pragma once

#include <optional>
#include <string>

#include "train/initializers.h"
#include "train/layers/activation.h"
#include "train/layers/batch_norm.h"
#include "train/model_builder.h"

namespace trainyard::train {

struct ResidualOptions {
  Activation activation = Relu;  // of the sum; nullptr for none
  // Of the projection, where there is one:
  Initializer kernel_initializer = GlorotUniform();
  std::optional<BatchNormOptions> batch_norm = BatchNormOptions();  // its name is not used
  std::string name = "residual";
};

// activation(y + x), where y is what some layers made of x: layers that change little then start
// from the identity, and gradients pass them by (He, Zhang, Ren, Sun: Deep Residual Learning,
// 2015).
//
// Where y has x's shape, x itself is added. Where images differ in channels or size, x is projected
// by a convolution of 1x1, without bias, whose strides follow from the sizes, and by a BatchNorm:
// variables <name>/projection/kernel and <name>/projection_norm/{gamma,beta,...}. Anything else
// fails the graph. Heights and widths may be unknown if only channels differ.
//
//   tf::Output Block(ModelBuilder& model, const tf::Output& x, int64_t filters, int64_t stride) {
//     tf::Output y = Conv2D(model, x, {.filters = filters, .strides = stride,
//                                      .padding = Padding::kSame, .use_bias = false});
//     y = Relu(model.scope(), BatchNorm(model, y));
//     y = Conv2D(model, y, {.filters = filters, .padding = Padding::kSame, .use_bias = false});
//     return Residual(model, x, BatchNorm(model, y));
//   }
tf::Output Residual(ModelBuilder& model, const tf::Output& x, const tf::Output& y,
                    const ResidualOptions& options = {});

}  // namespace trainyard::train

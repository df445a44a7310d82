#include "train/layers/depthwise_conv2d.h"

#include "train/internal/convolution.h"
#include "train/internal/layer_shapes.h"

namespace trainyard::train {
namespace {

constexpr char kImages[] = "[batch,height,width,channels]";

// Both layers' first half. Makes <scope>/depthwise_kernel.
template <class Options>
tf::Output Depthwise(ModelBuilder& model, const tf::Scope& scope, const tf::Output& x,
                     const tf::Shape& input, const Options& options) {
  const internal::Window window = {options.kernel_size, options.strides, options.dilation_rate};
  const std::string layer = scope.FullName("DepthwiseConv2dNative");
  if (!internal::CheckPositive(model, layer, "depth_multiplier", options.depth_multiplier) ||
      !internal::CheckWindow(model, layer, window)) {
    return {};
  }
  const Variable& kernel = model.AddVariable(
      scope.FullName("depthwise_kernel"),
      {window.size.height, window.size.width, input.back(), options.depth_multiplier},
      options.depthwise_initializer);
  return internal::ConvolveDepthwise(scope, x, input, kernel.value, window, options.padding);
}

}  // namespace

tf::Output DepthwiseConv2D(ModelBuilder& model, const tf::Output& x,
                           const DepthwiseConv2DOptions& options) {
  const tf::Scope scope = model.scope().Named(options.name);
  const tf::Shape input =
      internal::LayerInputShape(model, x, scope.FullName("DepthwiseConv2dNative"), kImages, {4});
  if (input.empty()) return {};
  const tf::Output y = Depthwise(model, scope, x, input, options);
  if (!y) return {};
  return internal::AddBias(model, scope, y,
                           {.channels = input.back() * options.depth_multiplier,
                            .use_bias = options.use_bias,
                            .initializer = options.bias_initializer,
                            .activation = options.activation});
}

tf::Output SeparableConv2D(ModelBuilder& model, const tf::Output& x,
                           const SeparableConv2DOptions& options) {
  const tf::Scope scope = model.scope().Named(options.name);
  const std::string layer = scope.FullName("Conv2D");
  const tf::Shape input = internal::LayerInputShape(model, x, layer, kImages, {4});
  if (input.empty() || !internal::CheckPositive(model, layer, "filters", options.filters)) {
    return {};
  }
  const tf::Output filtered = Depthwise(model, scope, x, input, options);
  if (!filtered) return {};
  const Variable& pointwise =
      model.AddVariable(scope.FullName("pointwise_kernel"),
                        {1, 1, input.back() * options.depth_multiplier, options.filters},
                        options.pointwise_initializer);
  const tf::Output y = scope.Op("Conv2D")
                           .In(filtered)
                           .In(pointwise.value)
                           .Ints("strides", {1, 1, 1, 1})
                           .String("padding", "VALID")
                           .Out();
  return internal::AddBias(model, scope, y,
                           {.channels = options.filters,
                            .use_bias = options.use_bias,
                            .initializer = options.bias_initializer,
                            .activation = options.activation});
}

}  // namespace trainyard::train

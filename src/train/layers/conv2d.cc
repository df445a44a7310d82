#include "train/layers/conv2d.h"

#include "train/internal/convolution.h"
#include "train/internal/layer_shapes.h"

namespace trainyard::train {

tf::Output Conv2D(ModelBuilder& model, const tf::Output& x, const Conv2DOptions& options) {
  const tf::Scope scope = model.scope().Named(options.name);
  const std::string layer = scope.FullName("Conv2D");
  const tf::Shape input =
      internal::LayerInputShape(model, x, layer, "[batch,height,width,channels]", {4});
  const internal::Window window = {options.kernel_size, options.strides, options.dilation_rate};
  if (input.empty() || !internal::CheckPositive(model, layer, "filters", options.filters) ||
      !internal::CheckWindow(model, layer, window)) {
    return {};
  }
  const Size2D& size = window.size;
  const Variable& kernel = model.AddVariable(
      scope.FullName("kernel"), {size.height, size.width, input.back(), options.filters},
      options.kernel_initializer);
  const auto convolve = [&](const tf::Output& images, Padding padding, const Size2D& dilations) {
    return scope.Op("Conv2D")
        .In(images)
        .In(kernel.value)
        .Ints("strides", {1, window.strides.height, window.strides.width, 1})
        .Ints("dilations", {1, dilations.height, dilations.width, 1})
        .String("padding", PaddingName(padding))
        .Out();
  };
  tf::Output y;
  if (window.dilated() && model.training()) {
    y = internal::ConvolveDilated(
        scope, x, input, window, options.padding,
        [&](const tf::Output& images, Padding padding) { return convolve(images, padding, 1); });
  } else {
    y = convolve(x, options.padding, window.dilation_rate);
  }
  return internal::AddBias(model, scope, y,
                           {.channels = options.filters,
                            .use_bias = options.use_bias,
                            .initializer = options.bias_initializer,
                            .activation = options.activation});
}

}  // namespace trainyard::train

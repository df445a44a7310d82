#include "train/layers/conv2d.h"

#include "train/internal/layer_shapes.h"

namespace trainyard::train {

tf::Output Conv2D(ModelBuilder& model, const tf::Output& x, const Conv2DOptions& options) {
  const tf::Scope scope = model.scope().Named(options.name);
  const tf::Shape input = internal::LayerInputShape(model, x, scope.FullName("Conv2D"),
                                                    "[batch,height,width,channels]", {4});
  if (input.empty()) return {};
  const Size2D& window = options.kernel_size;
  const Size2D& strides = options.strides;
  for (const auto& [option, value] :
       {std::pair("filters", options.filters), std::pair("kernel_size", window.height),
        std::pair("kernel_size", window.width), std::pair("strides", strides.height),
        std::pair("strides", strides.width)}) {
    if (!internal::CheckPositive(model, scope.FullName("Conv2D"), option, value)) return {};
  }
  const Variable& kernel = model.AddVariable(
      scope.FullName("kernel"), {window.height, window.width, input.back(), options.filters},
      options.kernel_initializer);
  tf::Output y = scope.Op("Conv2D")
                     .In(x)
                     .In(kernel.value)
                     .Ints("strides", {1, strides.height, strides.width, 1})
                     .String("padding", PaddingName(options.padding))
                     .Out();
  if (options.use_bias) {
    const Variable& bias =
        model.AddVariable(scope.FullName("bias"), {options.filters}, options.bias_initializer);
    y = scope.Op("BiasAdd").In(y).In(bias.value).Out();
  }
  return options.activation == nullptr ? y : options.activation(scope, y);
}

}  // namespace trainyard::train

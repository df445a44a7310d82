#include "train/layers/conv2d_transpose.h"

#include <algorithm>

#include "tf/ops.h"
#include "train/internal/convolution.h"
#include "train/internal/layer_shapes.h"

namespace trainyard::train {
namespace {

// input * stride + more: a constant if the input's size is known.
tf::Output Grown(const tf::Scope& scope, const tf::Output& shape, int32_t index, int64_t input,
                 int64_t stride, int64_t more) {
  if (input > 0) return tf::Const(scope, static_cast<int32_t>(input * stride + more));
  const tf::Output scaled = tf::Mul(scope, internal::SizeAt(scope, shape, index),
                                    tf::Const(scope, static_cast<int32_t>(stride)));
  return tf::Add(scope, scaled, tf::Const(scope, static_cast<int32_t>(more)));
}

}  // namespace

tf::Output Conv2DTranspose(ModelBuilder& model, const tf::Output& x,
                           const Conv2DTransposeOptions& options) {
  const tf::Scope scope = model.scope().Named(options.name);
  const std::string layer = scope.FullName("Conv2DBackpropInput");
  const tf::Shape input =
      internal::LayerInputShape(model, x, layer, "[batch,height,width,channels]", {4});
  const internal::Window window = {options.kernel_size, options.strides};
  if (input.empty() || !internal::CheckPositive(model, layer, "filters", options.filters) ||
      !internal::CheckWindow(model, layer, window)) {
    return {};
  }
  const Size2D& size = window.size;
  const Size2D& strides = window.strides;
  Size2D more = 0;
  if (options.padding == Padding::kValid) {
    more.height = std::max<int64_t>(size.height - strides.height, 0);
    more.width = std::max<int64_t>(size.width - strides.width, 0);
  }
  const Variable& kernel = model.AddVariable(
      scope.FullName("kernel"), {size.height, size.width, options.filters, input.back()},
      options.kernel_initializer);
  const tf::Output shape = scope.Op("Shape").In(x).Out();
  const tf::Output result_shape =
      scope.Op("Pack")
          .InList({internal::SizeAt(scope, shape, 0),
                   Grown(scope, shape, 1, input[1], strides.height, more.height),
                   Grown(scope, shape, 2, input[2], strides.width, more.width),
                   tf::Const(scope, static_cast<int32_t>(options.filters))})
          .Out();
  const tf::Output y = scope.Op("Conv2DBackpropInput")
                           .In(result_shape)
                           .In(kernel.value)
                           .In(x)
                           .Ints("strides", {1, strides.height, strides.width, 1})
                           .String("padding", PaddingName(options.padding))
                           .Out();
  return internal::AddBias(model, scope, y,
                           {.channels = options.filters,
                            .use_bias = options.use_bias,
                            .initializer = options.bias_initializer,
                            .activation = options.activation});
}

}  // namespace trainyard::train

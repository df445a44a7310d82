#include "train/internal/convolution.h"

#include "tf/ops.h"
#include "train/internal/layer_shapes.h"

namespace trainyard::train::internal {
namespace {

int32_t To32(int64_t value) { return static_cast<int32_t>(value); }

tf::Output Pair(const tf::Scope& scope, int64_t height, int64_t width) {
  return tf::Const(scope, tf::Tensor::FromVector<int32_t>({To32(height), To32(width)}));
}

// {before[0], after[0]}, {before[1], after[1]}: what SpaceToBatchND and BatchToSpaceND take.
tf::Output Around(const tf::Scope& scope, const tf::Output& before, const tf::Output& after) {
  return scope.Op("Pack").InList({before, after}).Int("axis", 1).Out();
}

// How many rows and columns more make padded images divisible by the dilation.
tf::Output MissingToBlocks(const tf::Scope& scope, const tf::Output& x, const tf::Shape& input,
                           const Size2D& zeros, const Size2D& dilation) {
  const auto missing = [](int64_t size, int64_t block) { return (block - size % block) % block; };
  if (input[1] > 0 && input[2] > 0) {
    return Pair(scope, missing(input[1] + zeros.height, dilation.height),
                missing(input[2] + zeros.width, dilation.width));
  }
  const tf::Output size = scope.Op("Slice")
                              .In(scope.Op("Shape").In(x).Out())
                              .In(tf::Const(scope, tf::Tensor::FromVector<int32_t>({1})))
                              .In(tf::Const(scope, tf::Tensor::FromVector<int32_t>({2})))
                              .Out();
  const tf::Output padded = tf::Add(scope, size, Pair(scope, zeros.height, zeros.width));
  return scope.Op("FloorMod")
      .In(scope.Op("Neg").In(padded).Out())
      .In(Pair(scope, dilation.height, dilation.width))
      .Out();
}

}  // namespace

bool CheckWindow(ModelBuilder& model, std::string_view layer, const Window& window) {
  for (const auto& [option, value] :
       {std::pair("kernel_size", window.size.height), std::pair("kernel_size", window.size.width),
        std::pair("strides", window.strides.height), std::pair("strides", window.strides.width),
        std::pair("dilation_rate", window.dilation_rate.height),
        std::pair("dilation_rate", window.dilation_rate.width)}) {
    if (!CheckPositive(model, layer, option, value)) return false;
  }
  if (!window.dilated() || window.strides == Size2D(1)) return true;
  model.graph().Fail(
      InvalidArgumentError("{} has strides and a dilation_rate: one of the two must be 1", layer));
  return false;
}

tf::Output ConvolveDilated(const tf::Scope& scope, const tf::Output& x, const tf::Shape& input,
                           const Window& window, Padding padding, const Convolve& convolve) {
  const Size2D& dilation = window.dilation_rate;
  // The zeros that kSame puts around an image; an odd one goes to the end.
  Size2D zeros = 0;
  if (padding == Padding::kSame) {
    zeros = {(window.size.height - 1) * dilation.height, (window.size.width - 1) * dilation.width};
  }
  const tf::Output block = Pair(scope, dilation.height, dilation.width);
  const tf::Output missing = MissingToBlocks(scope, x, input, zeros, dilation);
  const tf::Output before = Pair(scope, zeros.height / 2, zeros.width / 2);
  const tf::Output after = tf::Add(
      scope, missing, Pair(scope, zeros.height - zeros.height / 2, zeros.width - zeros.width / 2));
  const tf::Output gathered =
      scope.Op("SpaceToBatchND").In(x).In(block).In(Around(scope, before, after)).Out();
  return scope.Op("BatchToSpaceND")
      .In(convolve(gathered, Padding::kValid))
      .In(block)
      .In(Around(scope, Pair(scope, 0, 0), missing))
      .Out();
}

tf::Output ConvolveDepthwise(const tf::Scope& scope, const tf::Output& x, const tf::Shape& input,
                             const tf::Output& kernel, const Window& window, Padding padding) {
  const Size2D& strides = window.strides;
  if (strides.height != strides.width) {
    scope.graph().Fail(InvalidArgumentError("strides of {} are {} and {}: they must be equal",
                                            scope.FullName("DepthwiseConv2dNative"), strides.height,
                                            strides.width));
    return {};
  }
  const Convolve convolve = [&](const tf::Output& images, Padding pad) {
    return scope.Op("DepthwiseConv2dNative")
        .In(images)
        .In(kernel)
        .Ints("strides", {1, strides.height, strides.width, 1})
        .String("padding", PaddingName(pad))
        .Out();
  };
  // In all modes: the kernel for CPUs without oneDNN refuses dilations forwards, too.
  if (window.dilated()) return ConvolveDilated(scope, x, input, window, padding, convolve);
  return convolve(x, padding);
}

tf::Output AddBias(ModelBuilder& model, const tf::Scope& scope, const tf::Output& y,
                   const BiasOptions& options) {
  tf::Output result = y;
  if (options.use_bias) {
    const Variable& bias =
        model.AddVariable(scope.FullName("bias"), {options.channels}, options.initializer);
    result = scope.Op("BiasAdd").In(y).In(bias.value).Out();
  }
  return options.activation == nullptr ? result : options.activation(scope, result);
}

}  // namespace trainyard::train::internal

#include "train/layers/dense.h"

#include "tf/ops.h"
#include "train/internal/layer_shapes.h"

namespace trainyard::train {

tf::Output Dense(ModelBuilder& model, const tf::Output& x, const DenseOptions& options) {
  const tf::Scope scope = model.scope().Named(options.name);
  const tf::Shape input =
      internal::LayerInputShape(model, x, scope.FullName("MatMul"), "[batch,features]", {2});
  if (input.empty() ||
      !internal::CheckPositive(model, scope.FullName("MatMul"), "units", options.units)) {
    return {};
  }
  const Variable& kernel = model.AddVariable(
      scope.FullName("kernel"), {input.back(), options.units}, options.kernel_initializer);
  tf::Output y = scope.Op("MatMul").In(x).In(kernel.value).Out();
  if (options.use_bias) {
    const Variable& bias =
        model.AddVariable(scope.FullName("bias"), {options.units}, options.bias_initializer);
    y = scope.Op("BiasAdd").In(y).In(bias.value).Out();
  }
  return options.activation == nullptr ? y : options.activation(scope, y);
}

tf::Output Flatten(ModelBuilder& model, const tf::Output& x) {
  const tf::Shape shape = internal::KnownInputShape(model, x, "flatten");
  if (shape.empty()) return {};
  const int64_t features = tf::NumElements(tf::Shape(shape.begin() + 1, shape.end()));
  return tf::Reshape(model.scope().Named("flatten"), x, {-1, static_cast<int32_t>(features)});
}

}  // namespace trainyard::train

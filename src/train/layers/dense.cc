#include "train/layers/dense.h"

#include "tf/ops.h"
#include "train/internal/layer_shapes.h"

namespace trainyard::train {
namespace {

// x * kernel. In training x is transposed twice, which TensorFlow's rewriting takes away again; but
// the gradient of x is then (kernel * dy^T)^T, not dy * kernel^T, whose transposed kernel makes it
// take 1.6 times as long in float32.
tf::Output Multiply(const tf::Scope& scope, const tf::Output& x, const tf::Output& kernel,
                    bool training) {
  if (!training) return scope.Op("MatMul").In(x).In(kernel).Out();
  const tf::Output order = tf::Const(scope, tf::Tensor::FromVector<int32_t>({1, 0}));
  const tf::Output columns = scope.Op("Transpose").In(x).In(order).Out();
  return scope.Op("MatMul").In(columns).In(kernel).Bool("transpose_a", true).Out();
}

}  // namespace

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
  tf::Output y = Multiply(scope, x, kernel.value, model.training());
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

#include "train/layers/activation.h"

#include <cmath>
#include <numbers>

#include "tf/ops.h"

namespace trainyard::train {
namespace {

tf::Output Apply(const tf::Scope& scope, const char* type, const tf::Output& x) {
  return scope.Op(type).In(x).Out();
}

tf::Output Scaled(const tf::Scope& scope, const tf::Output& x, double factor) {
  return tf::Mul(scope, x, tf::Const(scope, static_cast<float>(factor)));
}

tf::Output PlusOne(const tf::Scope& scope, const tf::Output& x) {
  return tf::Add(scope, x, tf::Const(scope, 1.0f));
}

}  // namespace

tf::Output Relu(const tf::Scope& scope, const tf::Output& x) { return Apply(scope, "Relu", x); }

tf::Output Relu6(const tf::Scope& scope, const tf::Output& x) { return Apply(scope, "Relu6", x); }

tf::Output LeakyRelu(const tf::Scope& scope, const tf::Output& x, float slope) {
  return scope.Op("LeakyRelu").In(x).Float("alpha", slope).Out();
}

tf::Output LeakyRelu(const tf::Scope& scope, const tf::Output& x) {
  return LeakyRelu(scope, x, 0.2f);
}

tf::Output Elu(const tf::Scope& scope, const tf::Output& x) { return Apply(scope, "Elu", x); }

tf::Output Selu(const tf::Scope& scope, const tf::Output& x) { return Apply(scope, "Selu", x); }

tf::Output Gelu(const tf::Scope& scope, const tf::Output& x) {
  const tf::Output erf = Apply(scope, "Erf", Scaled(scope, x, 1 / std::numbers::sqrt2));
  return tf::Mul(scope, Scaled(scope, x, 0.5), PlusOne(scope, erf));
}

tf::Output GeluTanh(const tf::Scope& scope, const tf::Output& x) {
  const tf::Output cube = tf::Mul(scope, x, Apply(scope, "Square", x));
  const tf::Output inner = tf::Add(scope, x, Scaled(scope, cube, 0.044715));
  const tf::Output tanh =
      Apply(scope, "Tanh", Scaled(scope, inner, std::sqrt(2 * std::numbers::inv_pi)));
  return tf::Mul(scope, Scaled(scope, x, 0.5), PlusOne(scope, tanh));
}

tf::Output Swish(const tf::Scope& scope, const tf::Output& x) {
  return tf::Mul(scope, x, Sigmoid(scope, x));
}

tf::Output Softplus(const tf::Scope& scope, const tf::Output& x) {
  return Apply(scope, "Softplus", x);
}

tf::Output Softsign(const tf::Scope& scope, const tf::Output& x) {
  return Apply(scope, "Softsign", x);
}

tf::Output Sigmoid(const tf::Scope& scope, const tf::Output& x) {
  return Apply(scope, "Sigmoid", x);
}

tf::Output HardSigmoid(const tf::Scope& scope, const tf::Output& x) {
  const tf::Output shifted = tf::Add(scope, x, tf::Const(scope, 3.0f));
  return scope.Op("RealDiv").In(Relu6(scope, shifted)).In(tf::Const(scope, 6.0f)).Out();
}

tf::Output Tanh(const tf::Scope& scope, const tf::Output& x) { return Apply(scope, "Tanh", x); }

tf::Output Softmax(const tf::Scope& scope, const tf::Output& x) {
  return Apply(scope, "Softmax", x);
}

tf::Output LogSoftmax(const tf::Scope& scope, const tf::Output& x) {
  if (!scope.graph().status().ok() || !x) return Apply(scope, "LogSoftmax", x);
  const Result<tf::Shape> shape = scope.graph().OutputShape(x);
  if (shape.ok() && shape->size() == 2) return Apply(scope, "LogSoftmax", x);
  if (!shape.ok() || shape->empty() || shape->back() < 1) {
    scope.graph().Fail(
        InvalidArgumentError("{} needs an input whose last size is known, but \"{}\" is {}",
                             scope.FullName("LogSoftmax"), tf::OutputName(x),
                             shape.ok() ? tf::ShapeToString(*shape) : "of unknown rank"));
    return {};
  }
  const tf::Output matrix = tf::Reshape(scope, x, {-1, static_cast<int32_t>(shape->back())});
  return scope.Op("Reshape")
      .In(Apply(scope, "LogSoftmax", matrix))
      .In(Apply(scope, "Shape", x))
      .Out();
}

}  // namespace trainyard::train

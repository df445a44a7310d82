#include "tf/ops.h"

namespace trainyard::tf {
namespace {

// Reduces `x`, flattened, along its one dimension: no axes to list, no rank to know.
Output ReduceAll(const Scope& scope, const std::string& type, const Output& x) {
  return scope.Op(type).In(Reshape(scope, x, {-1})).In(Const(scope, int32_t{0})).Out();
}

}  // namespace

Output Const(const Scope& scope, const Tensor& value, const std::string& name) {
  return scope.Op("Const", name).Value("value", value).Type("dtype", value.dtype()).Out();
}

Output Placeholder(const Scope& scope, DataType type, const Shape& shape, const std::string& name) {
  return scope.Op("Placeholder", name).Type("dtype", type).ShapeOf("shape", shape).Out();
}

Output Identity(const Scope& scope, const Output& x, const std::string& name) {
  return scope.Op("Identity", name).In(x).Out();
}

Output Cast(const Scope& scope, const Output& x, DataType to) {
  if (OutputType(x) == to) return x;
  return scope.Op("Cast").In(x).Type("SrcT", OutputType(x)).Type("DstT", to).Out();
}

Output Reshape(const Scope& scope, const Output& x, const std::vector<int32_t>& shape) {
  return scope.Op("Reshape").In(x).In(Const(scope, Tensor::FromVector(shape))).Out();
}

Output Add(const Scope& scope, const Output& a, const Output& b) {
  return scope.Op("AddV2").In(a).In(b).Out();
}

Output Sub(const Scope& scope, const Output& a, const Output& b) {
  return scope.Op("Sub").In(a).In(b).Out();
}

Output Mul(const Scope& scope, const Output& a, const Output& b) {
  return scope.Op("Mul").In(a).In(b).Out();
}

Output Fill(const Scope& scope, const Shape& shape, float value) {
  return scope.Op("Fill").In(Const(scope, Tensor::FromVector(shape))).In(Const(scope, value)).Out();
}

Output Sum(const Scope& scope, const Output& x) { return ReduceAll(scope, "Sum", x); }

Output Mean(const Scope& scope, const Output& x) { return ReduceAll(scope, "Mean", x); }

Operation Group(const Scope& scope, const std::vector<Operation>& ops, const std::string& name) {
  return scope.Op("NoOp", name).Control(ops).Finish();
}

}  // namespace trainyard::tf

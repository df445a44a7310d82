// Short names for element-wise operations on floats, for formulas written out in a graph.
#pragma once

#include "tf/graph.h"
#include "tf/ops.h"

namespace trainyard::train::internal {

inline tf::Output Number(const tf::Scope& scope, double value) {
  return tf::Const(scope, static_cast<float>(value));
}
inline tf::Output Unary(const tf::Scope& scope, const char* type, const tf::Output& x) {
  return scope.Op(type).In(x).Out();
}
inline tf::Output Binary(const tf::Scope& scope, const char* type, const tf::Output& a,
                         const tf::Output& b) {
  return scope.Op(type).In(a).In(b).Out();
}
inline tf::Output Scale(const tf::Scope& scope, const tf::Output& x, double factor) {
  return tf::Mul(scope, x, Number(scope, factor));
}
inline tf::Output Plus(const tf::Scope& scope, const tf::Output& x, double number) {
  return tf::Add(scope, x, Number(scope, number));
}
inline tf::Output Divide(const tf::Scope& scope, const tf::Output& a, const tf::Output& b) {
  return Binary(scope, "RealDiv", a, b);
}
inline tf::Output Maximum(const tf::Scope& scope, const tf::Output& a, const tf::Output& b) {
  return Binary(scope, "Maximum", a, b);
}
inline tf::Output Minimum(const tf::Scope& scope, const tf::Output& a, const tf::Output& b) {
  return Binary(scope, "Minimum", a, b);
}
// `yes` where `condition` (bool), else `no`; the shapes broadcast.
inline tf::Output Select(const tf::Scope& scope, const tf::Output& condition, const tf::Output& yes,
                         const tf::Output& no) {
  return scope.Op("SelectV2").In(condition).In(yes).In(no).Out();
}

}  // namespace trainyard::train::internal

// Names for the operations that every model and every program part needs. Each adds one operation
// to the scope's graph (a failure stays in the graph's status).
#pragma once

#include <string>
#include <vector>

#include "tf/graph.h"

namespace trainyard::tf {

Output Const(const Scope& scope, const Tensor& value, const std::string& name = "Const");
template <class T>
Output Const(const Scope& scope, T value) {
  return Const(scope, Tensor::Scalar<T>(value));
}
// An input to be fed; -1 in `shape` accepts any size.
Output Placeholder(const Scope& scope, DataType type, const Shape& shape, const std::string& name);
Output Identity(const Scope& scope, const Output& x, const std::string& name = "Identity");
// x with another element type; x itself if it has it already.
Output Cast(const Scope& scope, const Output& x, DataType to);
Output Reshape(const Scope& scope, const Output& x, const std::vector<int32_t>& shape);
Output Add(const Scope& scope, const Output& a, const Output& b);
Output Sub(const Scope& scope, const Output& a, const Output& b);
Output Mul(const Scope& scope, const Output& a, const Output& b);
// `value` in every place of a tensor of that shape.
Output Fill(const Scope& scope, const Shape& shape, float value);
// Over all elements; a scalar.
Output Sum(const Scope& scope, const Output& x);
Output Mean(const Scope& scope, const Output& x);
// Does nothing, after all of `ops` have run.
Operation Group(const Scope& scope, const std::vector<Operation>& ops, const std::string& name);

}  // namespace trainyard::tf

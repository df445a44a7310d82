// Gradients of a loss, dense and sparse.
#pragma once

#include <vector>

#include "train/model_builder.h"

namespace trainyard::train {

// d loss / d variable, on the compute device. ComputeGradients gives those of variables as layers
// hold them; an Optimizer gets those of what is stored: parts instead of wholes (see Variable).
//
// Dense: `value` has the variable's shape and `indices` is none. Sparse, of a variable that is read
// row by row (ModelBuilder::Lookup): the row indices[i] has the gradient value[i], all other rows
// have none. The indices are int64 [n] and distinct: rows that were read several times are summed.
struct Gradient {
  tf::Output value;
  const Variable* variable;
  tf::Output indices{};

  bool is_sparse() const { return static_cast<bool>(indices); }
};

// The gradients of `loss` (float scalar) for every trainable variable, in the order of the
// variables. Those of variables that only lookups read are sparse; where a variable is also used as
// a whole, its rows are added to the dense gradient. Empty if the graph fails, for example because
// the loss does not depend on some trainable variable.
std::vector<Gradient> ComputeGradients(ModelBuilder& model, const tf::Output& loss);

// The gradient in the variable's shape, zero in the rows without one; its own value if it is dense
// already.
tf::Output DenseGradient(const tf::Scope& scope, const Gradient& gradient);

}  // namespace trainyard::train

// Which parts of a graph an output is computed from.
#pragma once

#include <unordered_set>

#include "tf/graph.h"

namespace trainyard::tf {

// Whether `y` is computed from `x`, directly or through other operations; control dependencies do
// not count. True for an output itself. Looks at every operation behind `y` once.
bool DependsOn(const Output& y, const Output& x);

// Whether running `op` means to run one of `others` before, for its values or by a control
// dependency. True for one of them itself.
bool RunsAfter(Operation op, const std::unordered_set<Operation>& others);

}  // namespace trainyard::tf

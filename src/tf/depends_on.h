// Which parts of a graph an output is computed from.
#pragma once

#include "tf/graph.h"

namespace trainyard::tf {

// Whether `y` is computed from `x`, directly or through other operations; control dependencies do
// not count. True for an output itself. Looks at every operation behind `y` once.
bool DependsOn(const Output& y, const Output& x);

}  // namespace trainyard::tf

// How much a graph computes, as far as its shapes tell before it is run.
#pragma once

#include <cstdint>

#include "tf/graph.h"

namespace trainyard::tf {

// Floating-point operations of every matrix product and convolution in the graph, forward and
// gradient, a multiplication and an addition counting as two; `unknown_size` stands for each size
// that is not known, such as the batch's. Operations without a known rank count nothing. Not what
// one run takes, if a graph holds more than one run needs. Thread-compatible.
double CountFlops(const Graph& graph, int64_t unknown_size);

}  // namespace trainyard::tf

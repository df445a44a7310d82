// Limits on the size of gradients.
#pragma once

#include <vector>

#include "train/optimizer.h"

namespace trainyard::train::internal {

// Fails the graph and returns false if more than one of the limits is set, or one is negative.
bool CheckClipping(ModelBuilder& model, const MinimizeOptions& options);

// The gradients within the limit that `options` sets; themselves if it sets none. A sparse gradient
// is clipped by its rows, each of which it has once, so that it counts as the dense one would.
std::vector<Gradient> ClipGradients(ModelBuilder& model, std::vector<Gradient> gradients,
                                    const MinimizeOptions& options);

}  // namespace trainyard::train::internal

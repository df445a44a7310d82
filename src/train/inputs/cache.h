// Data kept in memory after the first pass.
#pragma once

#include "base/status.h"
#include "train/input.h"

namespace trainyard::train {

// As tf.data.Dataset.cache in memory: the first pass that comes to its end is kept whole, later
// ones are served from it, so what stands below runs once. Its order is that of the first epoch:
// shuffle above it. Going back to a position without the data in memory draws it again.
InputPtr Cache(InputPtr source);

}  // namespace trainyard::train

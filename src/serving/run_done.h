// What comes of a run, and who is told when nobody waits for it.
#pragma once

#include <functional>
#include <vector>

#include "base/status.h"
#include "tf/tensor.h"

namespace trainyard::serving {

// The fetched values, in order, or why there are none.
using RunOutputs = Result<std::vector<tf::Tensor>>;

// Called once, by any thread, with no lock held. Moved, never copied, so that what it holds on to
// goes when it has been called.
using RunDone = std::function<void(RunOutputs)>;

}  // namespace trainyard::serving

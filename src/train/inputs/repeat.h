// The same data again and again.
#pragma once

#include <cstdint>
#include <optional>

#include "base/status.h"
#include "train/input.h"

namespace trainyard::train {

// As tf.data.Dataset.repeat: `count` passes, or passes for ever. What shuffles below it takes a new
// order in each pass. A source without elements ends at once. InvalidArgument if count is below 1.
Result<InputPtr> Repeat(InputPtr source, std::optional<int64_t> count = std::nullopt);

}  // namespace trainyard::train

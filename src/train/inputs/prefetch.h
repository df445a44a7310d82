// Work ahead, in a thread.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "train/input.h"

namespace trainyard::train {

struct PrefetchOptions {
  uint64_t buffer_size = 2;  // elements that wait, at most
};

// As tf.data.Dataset.prefetch: a thread of each iterator draws from the source while the last batch
// is being trained on. It starts at the first Next and ends with the iterator. An error comes where
// the element would have come. InvalidArgument if buffer_size is 0.
Result<InputPtr> Prefetch(InputPtr source, PrefetchOptions options = {});

}  // namespace trainyard::train

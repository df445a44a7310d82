// Random order, through a buffer.
#pragma once

#include <cstdint>
#include <optional>

#include "base/status.h"
#include "train/input.h"

namespace trainyard::train {

struct ShuffleOptions {
  // Each element is drawn from this many at random; with as many as there are elements, every order
  // is equally likely.
  uint64_t buffer_size = 1000;
  // Of the order; none: another in each iterator. Each epoch has its own in either case.
  std::optional<uint64_t> seed;
};

// As tf.data.Dataset.shuffle. Memory: the buffer. A position holds the number of each element in
// the buffer, not the elements: going back draws them again, about
// buffer_size * (2 + ln(buffer_size)) of the source. InvalidArgument if buffer_size is 0.
Result<InputPtr> Shuffle(InputPtr source, ShuffleOptions options);

}  // namespace trainyard::train

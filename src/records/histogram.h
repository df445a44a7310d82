// A set of numbers as TensorFlow's HistogramProto: counts in buckets that grow by a tenth, so that
// weights of any scale keep their shape. Thread-safe: no state.
// Source: tensorflow/core/framework/summary.proto and tensorflow/core/lib/histogram.
#pragma once

#include <span>
#include <string>

#include "base/status.h"

namespace trainyard::records {

// The serialized HistogramProto. InvalidArgument if a number is infinite or not a number: such
// buckets would hide what went wrong.
Result<std::string> BuildHistogram(std::span<const float> values);

}  // namespace trainyard::records

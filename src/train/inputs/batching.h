// From examples to batches.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/status.h"
#include "train/input.h"

namespace trainyard::train {

struct BatchOptions {
  int64_t batch_size = 100;
  bool drop_remainder = false;  // else what is left at the end makes a smaller last batch
  // Fill examples up to the longest of their batch in each dimension that the spec leaves open (as
  // padded_batch); else examples of different shapes are an error.
  bool pad = false;
  std::map<std::string, double> pad_values;  // by feature; 0, "" for strings, where none is given
};

// As tf.data.Dataset.batch and padded_batch: stacks examples along a new dimension 0. Examples must
// have the types and names of the spec; what differs is an error that names the feature.
// InvalidArgument if batch_size is below 1 or pad_values name no feature.
Result<InputPtr> BatchUp(InputPtr examples, BatchOptions options);

}  // namespace trainyard::train

// Several inputs, usually files, as one.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/status.h"
#include "train/input.h"
#include "train/inputs/array_input.h"

namespace trainyard::train {

struct InterleaveOptions {
  int cycle_length = 1;  // inputs that are open at once; 1: one after another
  int block_length = 1;  // elements in a row from each
  bool shuffle = false;  // the inputs in a new random order in each epoch
  std::optional<uint64_t> seed;
  // A worker's part: of the inputs (those whose number modulo `count` is `index`) where each worker
  // gets one at least, else of the elements. TensorFlow's AutoShardPolicy.AUTO; ShardOf(task) gives
  // it for the TF_CONFIG of a task.
  Shard shard;
};

// As tf.data.Dataset.interleave: elements in turn from `cycle_length` inputs; where one ends, the
// next that was not begun takes its place. All have the spec of the first. InvalidArgument if there
// are no inputs, if an option is out of range, or if elements are to be shared out of inputs in an
// order that workers cannot agree on, for lack of a seed.
Result<InputPtr> Interleave(std::vector<InputPtr> inputs, InterleaveOptions options = {});

// The elements whose number modulo `shard.count` is `shard.index`, as tf.data.Dataset.shard. The
// others are drawn and dropped.
Result<InputPtr> ShardExamples(InputPtr source, Shard shard);

}  // namespace trainyard::train

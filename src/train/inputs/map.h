// A function of every element.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "base/status.h"
#include "train/input.h"
#include "train/inputs/random.h"
#include "train/inputs/skip_counter.h"

namespace trainyard::train {

// Gives the element that takes another's place. Called by several threads at once. `random` starts
// from the seed, the epoch and the element's number, so that what is drawn from it is the same
// however many threads there are, and after going on from a checkpoint.
using MapFn = std::function<Result<Batch>(Batch element, Random& random)>;

struct MapOptions {
  std::optional<InputSpec> spec;  // of the result; none: as the source's
  int num_threads = 1;            // 1: the thread that calls Next
  std::optional<uint64_t> seed;   // of `random`; none: another in each iterator
  // Not null: an element that the function fails on is left out and counted.
  std::shared_ptr<SkipCounter> skip_failed;
};

// As tf.data.Dataset.map with num_parallel_calls: the order is kept, whoever is ready first. Up to
// 2 * num_threads elements are worked on ahead. InvalidArgument if num_threads is below 1.
Result<InputPtr> Map(InputPtr source, MapFn fn, MapOptions options = {});

}  // namespace trainyard::train

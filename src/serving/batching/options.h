// What batching may do: TensorFlow Serving's BatchingParameters.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"

namespace trainyard::serving {

// A row is one example: dimension 0 of every input. Names, meanings and defaults are those of
// TensorFlow Serving's session_bundle_config.proto.
struct BatchingOptions {
  int64_t max_batch_size = 1000;  // rows
  // Ours: requests are joined up to so many rows. Where a processor computes, a row costs no less
  // in a larger batch, and soon more. As many as max_batch_size where somebody has set that.
  int64_t max_joined_rows = 64;
  std::chrono::microseconds batch_timeout{0};  // the longest that a batch waits to become full
  int64_t max_enqueued_batches = 10;           // of a queue; more is refused as UNAVAILABLE
  int num_batch_threads = 0;                   // batches at once, of all models; 0: one per core
  std::string thread_pool_name = "batch_threads";
  // Batches are filled up to the next of these; empty: any size. Ascending, the last is the largest
  // batch that is run.
  std::vector<int64_t> allowed_batch_sizes = {};
  // Inputs of different sizes in other dimensions than 0 are filled up to the largest.
  bool pad_variable_length_inputs = false;
  // A request may then have more rows than max_execution_batch_size, and is run in parts.
  bool enable_large_batch_splitting = false;
  int64_t max_execution_batch_size = 0;  // rows, with splitting; 0: max_batch_size

  // The most rows that are run at once: of one request, of several.
  int64_t largest_batch() const;
  int64_t largest_joined_batch() const;
};

// BatchingParameters as text, the file of --batching_parameters_file. The file's error if it cannot
// be read; InvalidArgument, in one line, if it is none or its parameters do not fit together.
Result<BatchingOptions> ReadBatchingOptions(const std::string& path);

// The size that `rows` are filled up to: the next allowed one.
int64_t FilledSize(const BatchingOptions& options, int64_t rows);

}  // namespace trainyard::serving

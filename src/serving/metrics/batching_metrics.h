// What batching counts, under TensorFlow Serving's names. Handed to the batching code, which
// records; ServerMetrics shows it.
//
// Thread-safe; recording is a few relaxed atomic additions.
#pragma once

#include <array>
#include <atomic>
#include <memory>

#include "serving/metrics/histogram.h"
#include "serving/metrics/metrics_text.h"

namespace trainyard::serving {

class BatchingMetrics {
 public:
  BatchingMetrics();

  // Once per request that waits in a queue.
  void ObserveQueuing(int64_t microseconds) { queuing_latency_.Observe(microseconds); }
  void ObserveInput(int64_t rows) { input_batch_size_.Observe(rows); }
  // Once per batch: the rows it ran with, of which `padding` belong to no request.
  void ObserveBatch(int64_t rows, int64_t padding);

  void AppendTo(MetricsText* text) const;

 private:
  // Sizes are those of allowed_batch_sizes, or as many as there are counts of requests: the first
  // so many get a series of their own, in the order in which they come; the others share the last.
  static constexpr size_t kMaxSizes = 64;
  struct OfSize {
    OfSize();
    std::atomic<int64_t> rows{0};  // 0: not taken yet; -1: all other sizes
    Histogram padding;
  };
  OfSize& PaddingOf(int64_t rows);

  Histogram queuing_latency_;
  Histogram input_batch_size_;
  Histogram processed_batch_size_;
  Counter wrapped_run_count_;
  std::array<OfSize, kMaxSizes> padding_;
};

}  // namespace trainyard::serving

#include "serving/metrics/batching_metrics.h"

#include <string>

namespace trainyard::serving {
namespace {

const Bounds& QueuingBounds() {
  static const Bounds kBounds = Bounds::Exponential(100, 1.2, 52);
  return kBounds;
}

const Bounds& SizeBounds() {
  static const Bounds kBounds = Bounds::Exponential(1, 2, 14);
  return kBounds;
}

}  // namespace

BatchingMetrics::OfSize::OfSize() : padding(&SizeBounds()) {}

BatchingMetrics::BatchingMetrics()
    : queuing_latency_(&QueuingBounds()),
      input_batch_size_(&SizeBounds()),
      processed_batch_size_(&SizeBounds()) {
  padding_.back().rows = -1;
}

BatchingMetrics::OfSize& BatchingMetrics::PaddingOf(int64_t rows) {
  for (OfSize& size : padding_) {
    int64_t taken = size.rows.load(std::memory_order_relaxed);
    if (taken == 0 && size.rows.compare_exchange_strong(taken, rows)) return size;
    if (taken == rows) return size;
  }
  return padding_.back();
}

void BatchingMetrics::ObserveBatch(int64_t rows, int64_t padding) {
  wrapped_run_count_.Add();
  processed_batch_size_.Observe(rows);
  PaddingOf(rows).padding.Observe(padding);
}

void BatchingMetrics::AppendTo(MetricsText* text) const {
  const std::string prefix = ":tensorflow:serving:batching_session:";
  text->Family(prefix + "queuing_latency", MetricType::kHistogram,
               "Microseconds a request waited for its batch.");
  text->Value({{"thread_pool_name", ""}}, queuing_latency_);
  text->Family(prefix + "wrapped_run_count", MetricType::kCounter, "Batches that were run.");
  text->Value({}, wrapped_run_count_.value());
  text->Family(prefix + "input_batch_size", MetricType::kHistogram, "Rows of a request.");
  text->Value({}, input_batch_size_);
  text->Family(prefix + "processed_batch_size", MetricType::kHistogram,
               "Rows of a batch, padding included.");
  text->Value({}, processed_batch_size_);
  text->Family(prefix + "padding_size", MetricType::kHistogram, "Rows added to fill a batch.");
  for (const OfSize& size : padding_) {
    if (size.padding.is_empty()) continue;
    const int64_t rows = size.rows.load();
    const std::string label = rows < 0 ? "other" : std::to_string(rows);
    text->Value({{"execution_batch_size", label}}, size.padding);
  }
}

}  // namespace trainyard::serving

#include "serving/metrics/model_stats.h"

#include "serving/metrics/servable_stats.h"

namespace trainyard::serving {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;

// TensorFlow Serving's ranges.
const Bounds& RequestBounds() {
  static const Bounds kBounds = Bounds::Exponential(10, 1.8, 33);
  return kBounds;
}

const Bounds& ExampleBounds() {
  static const Bounds kBounds = Bounds::Exponential(1, 2, 15);
  return kBounds;
}

void AppendLatencies(const EachModel& each,
                     std::array<ModelStats::Latencies, kEntrypoints> ModelStats::* which,
                     bool by_entrypoint, MetricsText* text) {
  each([&](std::string_view name, const ModelStats& stats) {
    for (size_t e = 0; e < kEntrypoints; ++e) {
      const auto entrypoint = static_cast<Entrypoint>(e);
      for (size_t method = 0; method < ModelStats::kMethods; ++method) {
        const Histogram& histogram = (stats.*which)[e].by_method[method];
        if (histogram.is_empty()) continue;
        Labels labels{{"model_name", name}, {"API", ApiName(static_cast<Api>(method), entrypoint)}};
        if (by_entrypoint) {
          labels.emplace_back("entrypoint", EntrypointName(entrypoint));
        } else {
          labels.emplace_back("runtime", "TF1");
        }
        text->Value(labels, histogram);
      }
    }
  });
}

}  // namespace

ModelStats::Latencies::Latencies()
    : by_method{Histogram(&RequestBounds()), Histogram(&RequestBounds()),
                Histogram(&RequestBounds()), Histogram(&RequestBounds())} {}

ModelStats::ModelStats() : examples(&ExampleBounds()) {}

void ModelStats::Count(const RequestRecord& record) {
  requests[CodeIndex(record.code)].Add();
  const auto method = static_cast<size_t>(record.api);
  if (method >= kMethods) return;
  const auto entrypoint = static_cast<size_t>(record.entrypoint);
  if (record.running.count() > 0) {
    running[entrypoint].by_method[method].Observe(
        duration_cast<microseconds>(record.running).count());
  }
  if (record.code != StatusCode::kOk) return;
  took[entrypoint].by_method[method].Observe(duration_cast<microseconds>(record.took).count());
  if (record.examples > 0) {
    examples.Observe(record.examples);
    example_total.Add(record.examples);
  }
}

void AppendModelStats(const EachModel& each, MetricsText* text) {
  text->Family(":tensorflow:serving:request_count", MetricType::kCounter,
               "Requests by model and status.");
  each([&](std::string_view name, const ModelStats& stats) {
    for (size_t code = 0; code < kStatusCodes; ++code) {
      const int64_t count = stats.requests[code].value();
      if (count == 0) continue;
      const std::string_view status = StatusCodeName(static_cast<StatusCode>(code));
      text->Value({{"model_name", name}, {"status", status}}, count);
    }
  });
  text->Family(":tensorflow:serving:request_latency", MetricType::kHistogram,
               "Microseconds from a request's arrival to its successful answer.");
  AppendLatencies(each, &ModelStats::took, true, text);
  text->Family(":tensorflow:serving:runtime_latency", MetricType::kHistogram,
               "Microseconds a request spent in the model.");
  AppendLatencies(each, &ModelStats::running, false, text);
  text->Family(":tensorflow:serving:request_example_counts", MetricType::kHistogram,
               "Examples in a MultiInference request.");
  each([&](std::string_view name, const ModelStats& stats) {
    if (!stats.examples.is_empty()) text->Value({{"model", name}}, stats.examples);
  });
  text->Family(":tensorflow:serving:request_example_count_total", MetricType::kCounter,
               "Examples in MultiInference requests.");
  each([&](std::string_view name, const ModelStats& stats) {
    const int64_t total = stats.example_total.value();
    if (total > 0) text->Value({{"model", name}}, total);
  });
}

}  // namespace trainyard::serving

// What is counted for a model whatever its version, under the names that TensorFlow Serving has for
// it. Lives as long as the server, since these counters must not go back when versions change.
//
// Thread-safe; recording is a few relaxed atomic additions.
#pragma once

#include <array>
#include <functional>
#include <string_view>

#include "serving/metrics/histogram.h"
#include "serving/metrics/metrics_text.h"
#include "serving/metrics/request_record.h"

namespace trainyard::serving {

struct ModelStats {
  ModelStats();

  void Count(const RequestRecord& record);

  // Of the inference methods, in the order of Api.
  static constexpr size_t kMethods = 4;
  struct Latencies {
    Latencies();
    std::array<Histogram, kMethods> by_method;
  };

  std::array<Counter, kStatusCodes> requests;
  std::array<Latencies, kEntrypoints> took;     // microseconds, successes
  std::array<Latencies, kEntrypoints> running;  // of that, in the model
  Histogram examples;                           // of a MultiInference request
  Counter example_total;
};

// The families, for all models: `each(visit)` calls visit(name, stats) for every one, in one order.
using EachModel =
    std::function<void(const std::function<void(std::string_view, const ModelStats&)>&)>;
void AppendModelStats(const EachModel& each, MetricsText* text);

}  // namespace trainyard::serving

// Writing Prometheus' text format, version 0.0.4
// (prometheus.io/docs/instrumenting/exposition_formats).
//
//   MetricsText text;
//   text.Family("requests_total", MetricType::kCounter, "Requests answered.");
//   text.Value({{"model_name", "digits"}}, 3);
//   std::string page = std::move(text).str();
//
// Thread-compatible. Values of labels may be any bytes: `\`, `"` and line ends are escaped.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "serving/metrics/histogram.h"

namespace trainyard::serving {

enum class MetricType { kCounter, kGauge, kHistogram };

using Labels = std::vector<std::pair<std::string_view, std::string_view>>;

class MetricsText {
 public:
  // Begins a metric; all its values follow before the next one begins.
  void Family(std::string_view name, MetricType type, std::string_view help);

  void Value(const Labels& labels, int64_t value);
  void Value(const Labels& labels, double value);
  // `unit`: what one step of the recorded values is in the metric's own unit (1e-6 for microseconds
  // in a metric of seconds).
  void Value(const Labels& labels, const Histogram& histogram, double unit = 1);

  std::string str() && { return std::move(text_); }

 private:
  void Name(std::string_view suffix, const Labels& labels, std::string_view bound = {});

  std::string name_;
  std::string text_;
};

}  // namespace trainyard::serving

#include "serving/metrics/metrics_text.h"

#include <fmt/format.h>

#include <iterator>

namespace trainyard::serving {
namespace {

std::string_view TypeName(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return "counter";
    case MetricType::kGauge:
      return "gauge";
    case MetricType::kHistogram:
      return "histogram";
  }
  return "untyped";
}

void AppendEscaped(std::string_view value, std::string* text) {
  for (const char c : value) {
    if (c == '\n') {
      *text += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') *text += '\\';
    *text += c;
  }
}

}  // namespace

void MetricsText::Family(std::string_view name, MetricType type, std::string_view help) {
  name_ = name;
  fmt::format_to(std::back_inserter(text_), "# HELP {} {}\n# TYPE {} {}\n", name, help, name,
                 TypeName(type));
}

void MetricsText::Name(std::string_view suffix, const Labels& labels, std::string_view bound) {
  text_.append(name_).append(suffix);
  if (labels.empty() && bound.empty()) return;
  char before = '{';
  for (const auto& [key, value] : labels) {
    text_ += before;
    text_.append(key).append("=\"");
    AppendEscaped(value, &text_);
    text_ += '"';
    before = ',';
  }
  if (!bound.empty()) {
    text_ += before;
    text_.append("le=\"").append(bound).append("\"");
  }
  text_ += '}';
}

void MetricsText::Value(const Labels& labels, int64_t value) {
  Name("", labels);
  fmt::format_to(std::back_inserter(text_), " {}\n", value);
}

void MetricsText::Value(const Labels& labels, double value) {
  Name("", labels);
  fmt::format_to(std::back_inserter(text_), " {}\n", value);
}

void MetricsText::Value(const Labels& labels, const Histogram& histogram, double unit) {
  const std::vector<int64_t> counts = histogram.counts();
  const std::vector<double>& upper = histogram.bounds().upper();
  int64_t total = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    total += counts[i];
    Name("_bucket", labels, i < upper.size() ? fmt::format("{:g}", upper[i] * unit) : "+Inf");
    fmt::format_to(std::back_inserter(text_), " {}\n", total);
  }
  Name("_sum", labels);
  if (unit == 1) {
    fmt::format_to(std::back_inserter(text_), " {}\n", histogram.sum());
  } else {
    fmt::format_to(std::back_inserter(text_), " {}\n", static_cast<double>(histogram.sum()) * unit);
  }
  Name("_count", labels);
  fmt::format_to(std::back_inserter(text_), " {}\n", total);
}

}  // namespace trainyard::serving

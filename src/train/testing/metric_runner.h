// Runs a metric as an evaluation does: sums of parts over batches, then the result.
#pragma once

#include <vector>

#include "train/metric.h"
#include "train/testing/model_runner.h"

namespace trainyard::train {

class MetricSums {
 public:
  explicit MetricSums(Metric metric) : metric_(std::move(metric)), sums_(metric_.parts.size()) {}

  void Add(ModelRunner& run, std::initializer_list<tf::Feed> feeds = {}) {
    for (size_t i = 0; i < sums_.size(); ++i) {
      const tf::Tensor part = run.Fetch(metric_.parts[i], feeds);
      if (part.dtype() == tf::DataType::kInt64) {
        AddValues(part.data<int64_t>(), &sums_[i]);
      } else {
        AddValues(part.data<float>(), &sums_[i]);
      }
    }
  }
  double result() const { return metric_.result(sums_); }

 private:
  template <class T>
  static void AddValues(std::span<const T> values, std::vector<double>* sum) {
    sum->resize(values.size());
    for (size_t i = 0; i < values.size(); ++i) (*sum)[i] += static_cast<double>(values[i]);
  }

  Metric metric_;
  std::vector<std::vector<double>> sums_;
};

// Of one batch.
inline double ResultOf(ModelRunner& run, const Metric& metric) {
  MetricSums sums(metric);
  sums.Add(run);
  return sums.result();
}

}  // namespace trainyard::train

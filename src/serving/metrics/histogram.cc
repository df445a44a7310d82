#include "serving/metrics/histogram.h"

#include <algorithm>

namespace trainyard::serving {

Bounds Bounds::Exponential(double scale, double growth, int count) {
  std::vector<double> upper;
  for (double bound = scale; count > 0; --count, bound *= growth) upper.push_back(bound);
  return Bounds(std::move(upper));
}

size_t Bounds::IndexOf(double value) const {
  const auto at = std::lower_bound(upper_.begin(), upper_.end(), value);
  return static_cast<size_t>(at - upper_.begin());
}

Histogram::Histogram(const Bounds* bounds)
    : bounds_(*bounds), counts_(std::make_unique<Counter[]>(bounds->upper().size() + 1)) {}

void Histogram::Observe(int64_t value) {
  counts_[bounds_.IndexOf(static_cast<double>(value))].Add();
  sum_.Add(value);
}

std::vector<int64_t> Histogram::counts() const {
  std::vector<int64_t> counts;
  for (size_t i = 0; i <= bounds_.upper().size(); ++i) counts.push_back(counts_[i].value());
  return counts;
}

bool Histogram::is_empty() const {
  for (size_t i = 0; i <= bounds_.upper().size(); ++i) {
    if (counts_[i].value() != 0) return false;
  }
  return true;
}

}  // namespace trainyard::serving

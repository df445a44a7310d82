// Counting values into ranges, and counting at all, for many threads at once.
//
// Thread-safe. Recording is a few relaxed atomic additions: no lock, no allocation. A reader may
// see a value in one of the sums and not yet in the other; the next reading has both.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace trainyard::serving {

class Counter {
 public:
  void Add(int64_t count = 1) { value_.fetch_add(count, std::memory_order_relaxed); }
  int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

// Upper bounds of ranges, ascending, each range including its bound; a last range without a bound
// is always there. Immutable.
class Bounds {
 public:
  // scale, scale * growth, scale * growth^2, ...: `count` of them, as TensorFlow makes them.
  static Bounds Exponential(double scale, double growth, int count);
  explicit Bounds(std::vector<double> upper) : upper_(std::move(upper)) {}

  const std::vector<double>& upper() const { return upper_; }
  size_t IndexOf(double value) const;  // upper().size() for the last range

 private:
  std::vector<double> upper_;
};

class Histogram {
 public:
  // `bounds` must outlive the histogram; they are shared by all series of a metric.
  explicit Histogram(const Bounds* bounds);

  void Observe(int64_t value);

  const Bounds& bounds() const { return bounds_; }
  std::vector<int64_t> counts() const;  // of each range, one more than there are bounds
  int64_t sum() const { return sum_.value(); }
  bool is_empty() const;  // nothing has been observed

 private:
  const Bounds& bounds_;
  const std::unique_ptr<Counter[]> counts_;
  Counter sum_;
};

}  // namespace trainyard::serving

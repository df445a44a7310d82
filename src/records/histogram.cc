#include "records/histogram.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <vector>

#include "base/wire.h"

namespace trainyard::records {
namespace {

// HistogramProto's field numbers.
constexpr int kMin = 1, kMax = 2, kNum = 3, kSum = 4, kSumSquares = 5, kLimits = 6, kCounts = 7;

// Upper limits of all buckets, ascending: 1e-12 growing by a tenth up to 1e20 on both sides of
// zero.
std::vector<double> MakeLimits() {
  std::vector<double> positive;
  for (double limit = 1e-12; limit < 1e20; limit *= 1.1) positive.push_back(limit);
  positive.push_back(std::numeric_limits<double>::max());
  std::vector<double> all;
  for (auto limit = positive.rbegin(); limit != positive.rend(); ++limit) all.push_back(-*limit);
  all.push_back(0);
  all.insert(all.end(), positive.begin(), positive.end());
  return all;
}

std::string_view AsBytes(const std::vector<double>& numbers) {
  return {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(double)};
}

// Writes the buckets, each run of empty ones as one.
void WriteBuckets(const std::vector<double>& limits, const std::vector<double>& counts,
                  WireWriter* out) {
  std::vector<double> kept_limits;
  std::vector<double> kept_counts;
  for (size_t i = 0; i < limits.size(); ++i) {
    if (counts[i] == 0 && !kept_counts.empty() && kept_counts.back() == 0) {
      kept_limits.back() = limits[i];
    } else {
      kept_limits.push_back(limits[i]);
      kept_counts.push_back(counts[i]);
    }
  }
  out->Bytes(kLimits, AsBytes(kept_limits)).Bytes(kCounts, AsBytes(kept_counts));
}

}  // namespace

Result<std::string> BuildHistogram(std::span<const float> values) {
  static const std::vector<double> limits = MakeLimits();
  std::vector<double> counts(limits.size(), 0);
  double least = std::numeric_limits<double>::max();
  double most = std::numeric_limits<double>::lowest();
  double sum = 0;
  double sum_squares = 0;
  for (const float value : values) {
    if (!std::isfinite(value)) {
      return InvalidArgumentError("one of its {} numbers is {}", values.size(), value);
    }
    const double number = value;
    const auto bucket = std::upper_bound(limits.begin(), limits.end(), number) - limits.begin();
    counts[static_cast<size_t>(bucket)] += 1;
    least = std::min(least, number);
    most = std::max(most, number);
    sum += number;
    sum_squares += number * number;
  }
  WireWriter histogram;
  histogram.Double(kMin, least).Double(kMax, most).Double(kNum, static_cast<double>(values.size()));
  histogram.Double(kSum, sum).Double(kSumSquares, sum_squares);
  WriteBuckets(limits, counts, &histogram);
  return histogram.str();
}

}  // namespace trainyard::records

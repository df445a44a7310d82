#include "records/histogram.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <vector>

#include "base/wire.h"

namespace trainyard::records {
namespace {

struct Histogram {
  std::map<int, double> numbers;
  std::vector<double> limits, counts;
};

std::vector<double> Unpack(std::string_view bytes) {
  std::vector<double> numbers(bytes.size() / sizeof(double));
  std::memcpy(numbers.data(), bytes.data(), bytes.size());
  return numbers;
}

Histogram Decode(const std::string& bytes) {
  Histogram histogram;
  WireReader reader(bytes);
  while (reader.Next()) {
    if (reader.field() <= 5) histogram.numbers[reader.field()] = reader.AsDouble();
    if (reader.field() == 6) histogram.limits = Unpack(reader.bytes());
    if (reader.field() == 7) histogram.counts = Unpack(reader.bytes());
  }
  EXPECT_TRUE(reader.ok());
  return histogram;
}

TEST(HistogramTest, HoldsTheMomentsAndPutsEachNumberBelowItsLimit) {
  const std::vector<float> values = {-1, 0, 0.5f, 0.5f, 2};
  const Histogram got = Decode(BuildHistogram(values).value());
  EXPECT_EQ(got.numbers, (std::map<int, double>{{1, -1}, {2, 2}, {3, 5}, {4, 2}, {5, 5.5}}));
  ASSERT_EQ(got.limits.size(), got.counts.size());
  EXPECT_TRUE(std::is_sorted(got.limits.begin(), got.limits.end()));
  double total = 0;
  for (size_t i = 0; i < got.counts.size(); ++i) {
    total += got.counts[i];
    if (got.counts[i] == 2) {
      EXPECT_GT(got.limits[i], 0.5);
      EXPECT_LE(got.limits[i], 0.55);
    }
  }
  EXPECT_EQ(total, 5);
}

TEST(HistogramTest, RunsOfEmptyBucketsAreOne) {
  const Histogram got = Decode(BuildHistogram(std::vector<float>{-3, 3}).value());
  EXPECT_THAT(got.counts, ::testing::ElementsAre(0, 1, 0, 1, 0));
}

TEST(HistogramTest, OfNothingIsOneEmptyBucket) {
  EXPECT_THAT(Decode(BuildHistogram({}).value()).counts, ::testing::ElementsAre(0));
}

TEST(HistogramTest, RefusesWhatIsNoNumber) {
  EXPECT_FALSE(BuildHistogram(std::vector<float>{1, NAN}).ok());
  EXPECT_FALSE(BuildHistogram(std::vector<float>{std::numeric_limits<float>::infinity()}).ok());
}

}  // namespace
}  // namespace trainyard::records

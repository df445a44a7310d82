#include "serving/metrics/metrics_text.h"

#include <gtest/gtest.h>

namespace trainyard::serving {
namespace {

TEST(MetricsTextTest, WritesFamiliesAndEscapesLabels) {
  MetricsText text;
  text.Family("requests", MetricType::kCounter, "What came.");
  text.Value({}, int64_t{3});
  text.Value({{"name", "a\\b\"c\nd"}, {"x", ""}}, int64_t{4});
  text.Family("load", MetricType::kGauge, "How much.");
  text.Value({}, 0.5);
  EXPECT_EQ(std::move(text).str(),
            "# HELP requests What came.\n"
            "# TYPE requests counter\n"
            "requests 3\n"
            "requests{name=\"a\\\\b\\\"c\\nd\",x=\"\"} 4\n"
            "# HELP load How much.\n"
            "# TYPE load gauge\n"
            "load 0.5\n");
}

TEST(MetricsTextTest, WritesHistogramsCumulatively) {
  const Bounds bounds({10, 32.4});
  Histogram histogram(&bounds);
  for (const int64_t value : {10, 11, 12, 33}) histogram.Observe(value);
  MetricsText text;
  text.Family("time", MetricType::kHistogram, "Time.");
  text.Value({{"m", "d"}}, histogram);
  text.Value({}, histogram, 1e-3);
  EXPECT_EQ(std::move(text).str(),
            "# HELP time Time.\n"
            "# TYPE time histogram\n"
            "time_bucket{m=\"d\",le=\"10\"} 1\n"
            "time_bucket{m=\"d\",le=\"32.4\"} 3\n"
            "time_bucket{m=\"d\",le=\"+Inf\"} 4\n"
            "time_sum{m=\"d\"} 66\n"
            "time_count{m=\"d\"} 4\n"
            "time_bucket{le=\"0.01\"} 1\n"
            "time_bucket{le=\"0.0324\"} 3\n"
            "time_bucket{le=\"+Inf\"} 4\n"
            "time_sum 0.066\n"
            "time_count 4\n");
}

TEST(BoundsTest, GrowAsTensorFlowsDo) {
  const Bounds bounds = Bounds::Exponential(10, 1.8, 33);
  EXPECT_EQ(bounds.upper().size(), 33u);
  EXPECT_EQ(bounds.upper()[0], 10);
  EXPECT_EQ(bounds.upper()[1], 18);
  EXPECT_NEAR(bounds.upper()[2], 32.4, 1e-9);
  EXPECT_EQ(bounds.IndexOf(0), 0u);
  EXPECT_EQ(bounds.IndexOf(10), 0u);
  EXPECT_EQ(bounds.IndexOf(10.5), 1u);
  EXPECT_EQ(bounds.IndexOf(1e300), 33u);
}

}  // namespace
}  // namespace trainyard::serving

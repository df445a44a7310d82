#include "serving/metrics/monitoring_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"

namespace trainyard::serving {
namespace {

using ::testing::HasSubstr;

Result<MonitoringConfig> Read(const std::string& text) {
  const TemporaryDirectory dir;
  const std::string file = JoinPath(dir.path(), "config");
  EXPECT_TRUE(WriteFileAtomically(file, text).ok());
  return ReadMonitoringConfig(file);
}

TEST(MonitoringConfigTest, ShowsMetricsUnlessToldOtherwise) {
  EXPECT_TRUE(ReadMonitoringConfig("").value().is_enabled);
  EXPECT_EQ(ReadMonitoringConfig("").value().path, "/monitoring/prometheus/metrics");
  EXPECT_FALSE(Read("prometheus_config { enable: false }").value().is_enabled);
  const MonitoringConfig config =
      Read("prometheus_config { enable: true path: '/metrics' }").value();
  EXPECT_TRUE(config.is_enabled);
  EXPECT_EQ(config.path, "/metrics");
}

TEST(MonitoringConfigTest, SaysWhatIsWrong) {
  EXPECT_THAT(Read("prometheus_config { path: 'metrics' }").status().message(),
              HasSubstr("the path \"metrics\" does not begin with a slash"));
  const Status odd = Read("prometheus_config {\n  port: 1\n}").status();
  EXPECT_EQ(odd.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(odd.message(), HasSubstr("Invalid protobuf file: '"));
  EXPECT_THAT(odd.message(), HasSubstr("2:7: this is no tensorflow.serving.MonitoringConfig"));
  EXPECT_EQ(ReadMonitoringConfig("/no/such/file").status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace trainyard::serving

// Where the metrics are shown: --monitoring_config_file.
#pragma once

#include <string>

#include "base/status.h"

namespace trainyard::serving {

struct MonitoringConfig {
  bool is_enabled = true;  // unlike TensorFlow Serving's, which shows them on request only
  std::string path = "/monitoring/prometheus/metrics";
};

// A MonitoringConfig as text; "" has the defaults. InvalidArgument if it is none, or its path does
// not begin with a slash.
Result<MonitoringConfig> ReadMonitoringConfig(const std::string& file);

}  // namespace trainyard::serving

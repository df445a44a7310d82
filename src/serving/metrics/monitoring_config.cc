#include "serving/metrics/monitoring_config.h"

#include "serving/text_proto.h"
#include "tensorflow/serving/server_config.pb.h"

namespace trainyard::serving {

Result<MonitoringConfig> ReadMonitoringConfig(const std::string& file) {
  MonitoringConfig config;
  if (file.empty()) return config;
  ::tensorflow::serving::MonitoringConfig written;
  RETURN_IF_ERROR(ReadTextProto(file, &written));
  config.is_enabled = written.prometheus_config().enable();
  if (written.prometheus_config().path().empty()) return config;
  config.path = written.prometheus_config().path();
  if (config.path.starts_with('/')) return config;
  return InvalidArgumentError("{}: the path \"{}\" does not begin with a slash", file, config.path);
}

}  // namespace trainyard::serving

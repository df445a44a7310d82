// Who is told about each answered request: metrics always, the access log if there is one. Every
// front end tells it once per request, whatever came of it.
//
// Owned by the server. Thread-safe.
#pragma once

#include "serving/metrics/access_log.h"
#include "serving/metrics/server_metrics.h"

namespace trainyard::serving {

class RequestObserver {
 public:
  // `access_log` may be nullptr.
  RequestObserver(ServerMetrics* metrics, AccessLog* access_log)
      : metrics_(*metrics), access_log_(access_log) {}

  // Whether peer and bytes are of use; finding them out costs something.
  bool wants_details() const { return access_log_ != nullptr; }

  void Observe(const RequestRecord& record) const {
    metrics_.Count(record);
    if (access_log_ != nullptr) access_log_->Write(record);
  }

 private:
  ServerMetrics& metrics_;
  AccessLog* const access_log_;
};

}  // namespace trainyard::serving

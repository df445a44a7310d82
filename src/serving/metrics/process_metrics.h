// What this process uses, under the names that Prometheus' client libraries share.
#pragma once

#include "serving/metrics/metrics_text.h"

namespace trainyard::serving {

// process_cpu_seconds_total, process_resident_memory_bytes, process_open_fds, process_threads and
// process_start_time_seconds, from /proc. What cannot be read is left out. Thread-safe: no state.
void AppendProcessMetrics(MetricsText* text);

}  // namespace trainyard::serving

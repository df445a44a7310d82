// What loading and warming up versions counts. Handed to the code that loads; shown by
// ServerMetrics.
//
// Thread-safe. One lock for each load, which takes a thousand times longer. Paths change with each
// version: the last kMaxPaths are kept.
#pragma once

#include <chrono>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/status.h"
#include "serving/metrics/histogram.h"
#include "serving/metrics/metrics_text.h"

namespace trainyard::serving {

class LoadMetrics {
 public:
  static constexpr size_t kMaxPaths = 100;

  void CountLoad(const std::string& model, const std::string& path, const Status& status,
                 std::chrono::nanoseconds took);
  // `records` are those that were read before it ended, well or not.
  void CountWarmup(const std::string& path, const Status& status, int64_t records,
                   std::chrono::nanoseconds took);

  void AppendTo(MetricsText* text) const;

 private:
  struct Totals {
    int64_t count = 0;
    int64_t microseconds = 0;
  };
  using ByOutcome = std::map<bool, Totals>;  // whether it succeeded
  struct Warmup {
    std::unique_ptr<Histogram> latency;
    int64_t records = 0;
  };
  struct OfPath {
    std::string path;
    ByOutcome loads;
    std::map<std::string, Warmup> warmups;  // by the code's name
  };
  OfPath& Path(const std::string& path);

  mutable std::mutex mutex_;
  std::list<OfPath> paths_;                  // guarded by mutex_; the latest first
  std::map<std::string, ByOutcome> models_;  // guarded by mutex_
};

}  // namespace trainyard::serving

// What the server counts, and the page that shows it to Prometheus.
//
// Owned by the server; outlives front ends and models. Thread-safe. Counting a request that a model
// answered takes no lock: its counters hang on the Servable. Names of models that are not served
// never become a series; they are counted together, without a name.
//
//   metrics.Count(record);             // for each answer
//   std::string page = metrics.Page();  // for /monitoring/prometheus/metrics
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "serving/metrics/batching_metrics.h"
#include "serving/metrics/load_metrics.h"
#include "serving/metrics/model_stats.h"
#include "serving/metrics/request_record.h"
#include "serving/metrics/servable_stats.h"

namespace trainyard::serving {

class ServerMetrics {
 public:
  // How many versions of a model that are no longer loaded are shown still.
  static constexpr size_t kEndedVersions = 4;

  // What is asked when the page is made.
  struct Gauges {
    std::function<int64_t()> in_flight = [] { return 0; };
    std::function<bool()> is_ready = [] { return false; };
    // Calls visit(model, state, number of versions) for all models.
    using Visit = std::function<void(std::string_view, std::string_view, int64_t)>;
    std::function<void(const Visit&)> versions = [](const Visit&) {};
  };
  void SetGauges(Gauges gauges);

  void Count(const RequestRecord& record);

  BatchingMetrics& batching() { return batching_; }
  LoadMetrics& loads() { return loads_; }

  // In Prometheus' text format 0.0.4.
  std::string Page();

 private:
  struct Version {
    std::string model;
    int64_t number;
    std::shared_ptr<const ServableStats> stats;
  };
  ModelStats* Register(const Servable& servable);
  void DropEnded();
  void AppendVersions(MetricsText* text) const;
  void AppendRuns(MetricsText* text) const;
  void AppendGauges(MetricsText* text) const;

  BatchingMetrics batching_;
  LoadMetrics loads_;

  std::mutex mutex_;  // guards all below
  Gauges gauges_;
  std::map<std::string, ModelStats, std::less<>> models_;  // "": of no model
  std::vector<Version> versions_;                          // in the order of their first requests
  int64_t dropped_runs_ = 0;                               // of versions no longer kept
  int64_t dropped_run_microseconds_ = 0;
};

}  // namespace trainyard::serving

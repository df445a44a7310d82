// What the operator counts, for Prometheus.
//
// Names as dashboards for training-operator and controller-runtime expect them
// (docs/contracts/tfjob.md lists all). Each fact is counted once. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "job/status.h"

namespace trainyard::operators {

class Metrics {
 public:
  virtual ~Metrics() = default;
  static std::unique_ptr<Metrics> Create();

  // training_operator_jobs_<what>_total{job_namespace,framework="tensorflow"}; `what` is created,
  // deleted, successful, failed or restarted.
  virtual void CountJob(std::string_view what, const std::string& name_space) = 0;
  // created_pods_total and the like: `what` is one of created_pods, deleted_pods, failed_pods,
  // created_services, failed_services, deleted_services, created_pod_groups, deleted_pod_groups.
  virtual void CountObject(std::string_view what) = 0;

  // controller_runtime_reconcile_*; `result` is success, requeue_after or error.
  virtual void CountReconcile(std::string_view result, double seconds) = 0;
  virtual void SetActiveWorkers(int delta) = 0;  // +1, -1

  // workqueue_*.
  virtual void CountQueueAdd() = 0;
  virtual void CountQueueRetry() = 0;
  virtual void ObserveQueueWait(double seconds) = 0;
  virtual void ObserveQueueWork(double seconds) = 0;

  // rest_client_*.
  virtual void CountRequest(std::string_view method, std::string_view host, int code,
                            double seconds) = 0;
  virtual void SetLeader(bool is_leader) = 0;

  // Asked when the page is made.
  struct Gauges {
    std::function<size_t()> queue_depth;
    std::function<void(const std::function<void(std::string_view state, size_t jobs)>&)> jobs;
  };
  virtual void SetGauges(Gauges gauges) = 0;

  // The page, in Prometheus' text format 0.0.4.
  virtual std::string Page() = 0;
};

}  // namespace trainyard::operators

#include "operator/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace trainyard::operators {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;
using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;

const Histogram::BucketBoundaries kSeconds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                           0.25,  0.5,    1,     2.5,  5,     10,   60};

constexpr std::array<std::string_view, 7> kStates{"New",       "Created",   "Running", "Restarting",
                                                  "Suspended", "Succeeded", "Failed"};

class PrometheusMetrics : public Metrics {
 public:
  void CountJob(std::string_view what, const std::string& name_space) override {
    const std::string name = "training_operator_jobs_" + std::string(what) + "_total";
    CounterFamily(name, "TFJobs, each counted once.")
        .Add({{"job_namespace", name_space}, {"framework", "tensorflow"}})
        .Increment();
  }

  void CountObject(std::string_view what) override {
    CounterFamily(std::string(what) + "_total", "Objects of TFJobs.").Add({}).Increment();
  }

  void CountReconcile(std::string_view result, double seconds) override {
    reconcile_total_.Add({{"controller", "tfjob"}, {"result", std::string(result)}}).Increment();
    if (result == "error") reconcile_errors_.Increment();
    reconcile_seconds_.Observe(seconds);
  }

  void SetActiveWorkers(int delta) override { active_workers_.Increment(delta); }

  void CountQueueAdd() override { queue_adds_.Increment(); }
  void CountQueueRetry() override { queue_retries_.Increment(); }
  void ObserveQueueWait(double seconds) override { queue_wait_.Observe(seconds); }
  void ObserveQueueWork(double seconds) override { queue_work_.Observe(seconds); }

  void CountRequest(std::string_view method, std::string_view host, int code,
                    double seconds) override {
    const std::string verb(method);
    const std::string where(host);
    requests_
        .Add({{"code", code == 0 ? "<error>" : std::to_string(code)},
              {"method", verb},
              {"host", where}})
        .Increment();
    request_seconds_.Add({{"verb", verb}, {"host", where}}, kSeconds).Observe(seconds);
  }

  void SetLeader(bool is_leader) override { leader_.Set(is_leader ? 1 : 0); }

  void SetGauges(Gauges gauges) override {
    const std::lock_guard lock(mutex_);
    gauges_ = std::move(gauges);
  }

  std::string Page() override {
    {
      const std::lock_guard lock(mutex_);
      if (gauges_.queue_depth) queue_depth_.Set(static_cast<double>(gauges_.queue_depth()));
      if (gauges_.jobs) {
        for (const std::string_view state : kStates) Jobs(state).Set(0);
        gauges_.jobs([&](std::string_view state, size_t jobs) {
          Jobs(state).Set(static_cast<double>(jobs));
        });
      }
    }
    return prometheus::TextSerializer().Serialize(registry_.Collect());
  }

 private:
  Family<Counter>& CounterFamily(const std::string& name, const char* help) {
    return BuildCounter().Name(name).Help(help).Register(registry_);
  }
  Counter& QueueCounter(const char* name, const char* help) {
    return CounterFamily(name, help).Add({{"name", "tfjob"}});
  }
  Histogram& QueueHistogram(const char* name, const char* help) {
    return BuildHistogram().Name(name).Help(help).Register(registry_).Add({{"name", "tfjob"}},
                                                                          kSeconds);
  }
  Gauge& Jobs(std::string_view state) {
    return jobs_.Add({{"state", std::string(state)}, {"framework", "tensorflow"}});
  }

  prometheus::Registry registry_;
  Family<Counter>& reconcile_total_ =
      CounterFamily("controller_runtime_reconcile_total", "Passes over a TFJob, by result.");
  Counter& reconcile_errors_ =
      CounterFamily("controller_runtime_reconcile_errors_total", "Passes that failed.")
          .Add({{"controller", "tfjob"}});
  Histogram& reconcile_seconds_ = BuildHistogram()
                                      .Name("controller_runtime_reconcile_time_seconds")
                                      .Help("How long a pass takes.")
                                      .Register(registry_)
                                      .Add({{"controller", "tfjob"}}, kSeconds);
  Gauge& active_workers_ = BuildGauge()
                               .Name("controller_runtime_active_workers")
                               .Help("Passes under way.")
                               .Register(registry_)
                               .Add({{"controller", "tfjob"}});
  Counter& queue_adds_ = QueueCounter("workqueue_adds_total", "TFJobs put into the work queue.");
  Counter& queue_retries_ = QueueCounter("workqueue_retries_total", "Those after a failure.");
  Histogram& queue_wait_ =
      QueueHistogram("workqueue_queue_duration_seconds", "How long a TFJob waits for a worker.");
  Histogram& queue_work_ =
      QueueHistogram("workqueue_work_duration_seconds", "How long a worker has it.");
  Gauge& queue_depth_ = BuildGauge()
                            .Name("workqueue_depth")
                            .Help("TFJobs that wait for a worker.")
                            .Register(registry_)
                            .Add({{"name", "tfjob"}});
  Family<Counter>& requests_ =
      CounterFamily("rest_client_requests_total", "Requests to the API server.");
  Family<Histogram>& request_seconds_ = BuildHistogram()
                                            .Name("rest_client_request_duration_seconds")
                                            .Help("How long they take.")
                                            .Register(registry_);
  Gauge& leader_ = BuildGauge()
                       .Name("leader_election_master_status")
                       .Help("1 if this process leads.")
                       .Register(registry_)
                       .Add({{"name", "trainyard-operator"}});
  Family<Gauge>& jobs_ = BuildGauge()
                             .Name("trainyard_jobs")
                             .Help("TFJobs that exist, by the last condition that is true.")
                             .Register(registry_);

  std::mutex mutex_;
  Gauges gauges_;  // guarded by mutex_
};

}  // namespace

std::unique_ptr<Metrics> Metrics::Create() { return std::make_unique<PrometheusMetrics>(); }

}  // namespace trainyard::operators

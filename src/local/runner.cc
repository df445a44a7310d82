#include "local/runner.h"

#include "local/job_queue.h"

namespace trainyard::local {
namespace {

// A queue of one.
class OnlyObserver : public QueueObserver {
 public:
  explicit OnlyObserver(RunObserver& observer) : observer_(observer) {}
  RunObserver& ObserverOf(size_t) override { return observer_; }
  void OnEnd(size_t, const Result<RunOutcome>&) override {}
  void OnRound(const QueueCounts&) override {}

 private:
  RunObserver& observer_;
};

}  // namespace

job::PlanOptions LocalPlanOptions() {
  job::PlanOptions options;
  options.stop_everything = true;
  options.honours_managed_by = false;
  options.restart_delays.first = std::chrono::milliseconds(200);
  options.ps_grace = std::chrono::seconds(3);
  return options;
}

Result<RunOutcome> RunJob(const spec::TFJob& job, const RunOptions& options,
                          RunObserver& observer) {
  OnlyObserver only(observer);
  auto outcomes = RunJobs(
      {{job, options}},
      {.max_parallel = 1, .interrupt_fd = options.interrupt_fd, .tick = options.tick}, only);
  return std::move(outcomes.front());
}

}  // namespace trainyard::local

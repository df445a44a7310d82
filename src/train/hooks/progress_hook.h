// Tells people and programs how training goes.
#pragma once

#include <chrono>
#include <optional>

#include "train/hooks/training_hook.h"
#include "train/loop/progress.h"
#include "train/run_config.h"

namespace trainyard::train {

// Logs loss, step and rate every log_step_count_steps, in Estimator's words, and reports progress a
// few times a second. Every training process has one.
class ProgressHook : public TrainingHook {
 public:
  // Borrows `config` and `reporter`.
  ProgressHook(const RunConfig& config, std::optional<int64_t> max_steps,
               ProgressReporter* reporter)
      : config_(config), max_steps_(max_steps), reporter_(reporter) {}

  Status AfterCreateSession(tf::Session* session, int64_t global_step) override;
  Status AfterStep(tf::Session* session, const StepResult& step) override;
  Status End(tf::Session* session, int64_t global_step) override;

 private:
  ProgressEvent Event(const StepResult& step) const;

  const RunConfig& config_;
  const std::optional<int64_t> max_steps_;
  ProgressReporter* const reporter_;
  bool logged_first_ = false;
  std::optional<StepResult> last_;
  int64_t last_log_step_ = 0;
  std::chrono::steady_clock::time_point last_log_time_;
  std::chrono::steady_clock::time_point rate_time_;
  int64_t rate_step_ = 0;
  std::optional<double> rate_;  // global steps per second, over the last second or so
};

}  // namespace trainyard::train

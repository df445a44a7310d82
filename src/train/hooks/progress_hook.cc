#include "train/hooks/progress_hook.h"

#include "base/log.h"

namespace trainyard::train {

Status ProgressHook::AfterCreateSession(tf::Session* /*session*/, int64_t global_step) {
  last_log_step_ = global_step;
  last_log_time_ = std::chrono::steady_clock::now();
  rate_time_ = last_log_time_;
  rate_step_ = global_step;
  reporter_->Report({.phase = "training", .step = global_step, .max_steps = max_steps_});
  return OkStatus();
}

Status ProgressHook::AfterStep(tf::Session* /*session*/, const StepResult& step) {
  const auto now = std::chrono::steady_clock::now();
  if (now - rate_time_ >= std::chrono::seconds(1)) {
    rate_ = static_cast<double>(step.global_step - rate_step_) /
            std::chrono::duration<double>(now - rate_time_).count();
    rate_time_ = now;
    rate_step_ = step.global_step;
  }
  if (!last_.has_value()) {
    reporter_->Report(Event(step));  // the first step is worth a line of its own
  } else {
    reporter_->ReportSometimes(Event(step));
  }
  last_ = step;
  if (!logged_first_) {
    logged_first_ = true;
    LogInfo("loss = {:.6g}, step = {}", step.loss, step.global_step);
  } else if (step.global_step >= last_log_step_ + config_.log_step_count_steps) {
    const double seconds = std::chrono::duration<double>(now - last_log_time_).count();
    const auto steps = static_cast<double>(step.global_step - last_log_step_);
    LogInfo("global_step/sec: {:.6g}", steps / seconds);
    LogInfo("loss = {:.6g}, step = {} ({:.3f} sec)", step.loss, step.global_step, seconds);
    last_log_step_ = step.global_step;
    last_log_time_ = now;
  }
  return OkStatus();
}

Status ProgressHook::End(tf::Session* /*session*/, int64_t /*global_step*/) {
  if (last_.has_value()) {
    reporter_->Report(Event(*last_));
    LogInfo("Loss for final step: {:.6g}.", last_->loss);
  }
  return OkStatus();
}

ProgressEvent ProgressHook::Event(const StepResult& step) const {
  return {.phase = "training",
          .step = step.global_step,
          .max_steps = max_steps_,
          .loss = step.loss,
          .steps_per_sec = rate_};
}

}  // namespace trainyard::train

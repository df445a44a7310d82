#include "train/hooks/stop_at_step_hook.h"

namespace trainyard::train {

Status StopAtStepHook::Begin(const HookContext& /*context*/) {
  if (options_.num_steps.has_value() == options_.last_step.has_value()) {
    return InvalidArgumentError(
        "StopAtStepHook: exactly one of num_steps and last_step must be specified");
  }
  if (options_.num_steps.value_or(1) <= 0 || options_.last_step.value_or(1) <= 0) {
    return InvalidArgumentError("StopAtStepHook: the number of steps should be > 0");
  }
  return OkStatus();
}

Status StopAtStepHook::AfterCreateSession(tf::Session* /*session*/, int64_t global_step) {
  if (!last_step_.has_value()) {
    last_step_ =
        options_.last_step.has_value() ? *options_.last_step : global_step + *options_.num_steps;
  }
  stop_ = global_step >= *last_step_;
  return OkStatus();
}

Status StopAtStepHook::AfterStep(tf::Session* /*session*/, const StepResult& step) {
  stop_ = step.global_step >= *last_step_;
  return OkStatus();
}

}  // namespace trainyard::train

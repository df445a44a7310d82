#include "train/hooks/hook_timer.h"

namespace trainyard::train {

Status HookTimer::Check(const char* hook) const {
  if (options_.steps.has_value() == options_.interval.has_value()) {
    return InvalidArgumentError("{}: exactly one of steps and seconds should be provided", hook);
  }
  if (options_.steps.value_or(1) < 1 ||
      options_.interval.value_or(std::chrono::milliseconds(0)).count() < 0) {
    return InvalidArgumentError("{}: steps should be > 0, and seconds >= 0", hook);
  }
  return OkStatus();
}

bool HookTimer::IsDue(int64_t step) const {
  if (!options_.steps.has_value() && !options_.interval.has_value()) return false;
  if (!last_step_.has_value()) return true;
  if (*last_step_ == step) return false;
  if (options_.steps.has_value()) return step >= *last_step_ + *options_.steps;
  return std::chrono::steady_clock::now() >= last_time_ + *options_.interval;
}

void HookTimer::Mark(int64_t step) {
  const auto now = std::chrono::steady_clock::now();
  if (last_step_.has_value()) {
    seconds_ = std::chrono::duration<double>(now - last_time_).count();
  }
  last_step_ = step;
  last_time_ = now;
}

}  // namespace trainyard::train

#include "train/strategies/interrupter.h"

#include <utility>

namespace trainyard::train {

Interrupter::Interrupter(std::function<bool()> stop_requested, std::chrono::milliseconds patience)
    : stop_requested_(std::move(stop_requested)),
      patience_(patience),
      thread_([this](const std::stop_token& stop) { Watch(stop); }) {}

Interrupter::Guarded Interrupter::Guard(collective::Group* group) {
  const std::lock_guard lock(mutex_);
  group_ = group;
  return Guarded(this);
}

void Interrupter::Release() {
  const std::lock_guard lock(mutex_);
  group_ = nullptr;
}

void Interrupter::Watch(const std::stop_token& stop) {
  // As with Watchdog: looking now and then costs exchanges nothing.
  constexpr std::chrono::milliseconds kInterval(100);
  std::optional<std::chrono::steady_clock::time_point> deadline;
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    changed_.wait_for(lock, stop, kInterval, [] { return false; });
    if (!stop_requested_()) continue;
    const auto now = std::chrono::steady_clock::now();
    if (!deadline.has_value()) deadline = now + patience_;
    // With the lock held, so that the group is not destroyed meanwhile; it takes a millisecond.
    if (group_ != nullptr && now >= *deadline) group_->Interrupt();
  }
}

}  // namespace trainyard::train

// A timer queue in whose world everything happens a thousand times sooner, so that tests of what
// waits for seconds do not. Remembers the delays that were asked for. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "kube/timer_queue.h"

namespace trainyard::kube::testing {

class FastTimers : public TimerQueue {
 public:
  Id After(std::chrono::milliseconds delay, std::function<void()> function) override {
    {
      const std::lock_guard lock(mutex_);
      delays_.push_back(delay);
    }
    return timers_->After(delay / 1000, std::move(function));
  }
  void Cancel(Id id) override { timers_->Cancel(id); }

  std::vector<std::chrono::milliseconds> delays() const {
    const std::lock_guard lock(mutex_);
    return delays_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::chrono::milliseconds> delays_;
  const std::unique_ptr<TimerQueue> timers_ = TimerQueue::Start();
};

}  // namespace trainyard::kube::testing

// Functions to be called later, by one thread.
//
// Thread-safe. Functions must be quick. The destructor drops what is still waiting and waits for a
// function that is running.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

namespace trainyard::kube {

class TimerQueue {
 public:
  static std::unique_ptr<TimerQueue> Start();
  virtual ~TimerQueue() = default;

  using Id = uint64_t;  // 0 is never one; cancelling it does nothing
  virtual Id After(std::chrono::milliseconds delay, std::function<void()> function) = 0;
  // Returns once the function has run or will not any more. Not to be called from a function that
  // waits for itself (from within the same timer it returns at once).
  virtual void Cancel(Id id) = 0;
};

}  // namespace trainyard::kube

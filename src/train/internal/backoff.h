// Waiting for something that another process does.
#pragma once

#include <algorithm>
#include <chrono>
#include <thread>

namespace trainyard::train::internal {

// Sleeps that grow by half each time: what comes at once is seen at once, and a long wait does not
// keep a core busy. Thread-compatible.
class Backoff {
 public:
  Backoff(std::chrono::microseconds first, std::chrono::microseconds longest)
      : first_(first), longest_(longest) {}

  void Sleep() {
    std::this_thread::sleep_for(delay_);
    delay_ = std::min(delay_ * 3 / 2, longest_);
  }
  void Reset() { delay_ = first_; }

 private:
  const std::chrono::microseconds first_;
  const std::chrono::microseconds longest_;
  std::chrono::microseconds delay_ = first_;
};

}  // namespace trainyard::train::internal

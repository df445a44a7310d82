// A bucket of tokens: `qps` come in every second, at most `burst` are kept, each request takes one.
//
// Only counts; who asks waits on its own. Thread-safe.
#pragma once

#include <chrono>
#include <mutex>

namespace trainyard::kube {

class RateLimiter {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // qps 0: no limit.
  RateLimiter(double qps, int burst);

  // Takes `count` tokens, if need be of those that are still to come: how long to wait before the
  // requests may be sent.
  std::chrono::milliseconds Reserve(int count, TimePoint now);

 private:
  // Immutable after construction.
  const double qps_;
  const double burst_;

  std::mutex mutex_;
  // Guarded by mutex_.
  double tokens_;  // below zero: promised to those that wait
  TimePoint last_{};
};

}  // namespace trainyard::kube

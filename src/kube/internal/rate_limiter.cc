#include "kube/internal/rate_limiter.h"

#include <algorithm>
#include <cmath>

namespace trainyard::kube {

RateLimiter::RateLimiter(double qps, int burst)
    : qps_(qps), burst_(std::max(burst, 1)), tokens_(burst_) {}

std::chrono::milliseconds RateLimiter::Reserve(int count, TimePoint now) {
  if (qps_ <= 0) return std::chrono::milliseconds(0);
  const std::lock_guard lock(mutex_);
  if (now > last_) {
    tokens_ = std::min(burst_, tokens_ + std::chrono::duration<double>(now - last_).count() * qps_);
    last_ = now;
  }
  tokens_ -= count;
  if (tokens_ >= 0) return std::chrono::milliseconds(0);
  return std::chrono::milliseconds(static_cast<int64_t>(std::ceil(-tokens_ / qps_ * 1000)));
}

}  // namespace trainyard::kube

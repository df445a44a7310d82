// What a load generator saw: latencies of the requests that were answered well, and how many were
// not.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"

namespace trainyard::bench {

// Thread-compatible. Keeps every latency: a run of seconds has some hundred thousand.
class Latencies {
 public:
  using Clock = std::chrono::steady_clock;

  // Only what ends after `begin` counts: before it everything warms up.
  explicit Latencies(Clock::time_point begin) : begin_(begin) {}

  void Add(Clock::time_point sent, Clock::time_point answered) {
    if (answered < begin_) return;
    answers_.push_back({sent.time_since_epoch().count(), answered.time_since_epoch().count()});
    last_ = answered;
  }
  void AddError(const std::string& reason) {
    ++errors_;
    first_error_ = errors_ == 1 ? reason : first_error_;
  }

  // One line of JSON: requests, requests_per_s, mean_ms, p50_ms, p99_ms, p999_ms, max_ms, errors,
  // first_error, cpu_s (of this process, since it began).
  std::string Report() const;

  // All answers in the order in which they came, for who knows what happened meanwhile: pairs of
  // int64, sent and answered, in nanoseconds of the steady clock (Python's time.monotonic_ns()).
  Status WriteTimes(const std::string& path) const;

 private:
  struct Answer {
    int64_t sent;
    int64_t answered;
  };

  const Clock::time_point begin_;
  Clock::time_point last_{};
  std::vector<Answer> answers_;
  int64_t errors_ = 0;
  std::string first_error_;
};

}  // namespace trainyard::bench

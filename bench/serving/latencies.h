// What a load generator saw: latencies of the requests that were answered well, and how many were
// not.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace trainyard::bench {

// Thread-compatible. Keeps every latency: a run of seconds has some hundred thousand.
class Latencies {
 public:
  using Clock = std::chrono::steady_clock;

  // Only what ends after `begin` counts: before it everything warms up.
  explicit Latencies(Clock::time_point begin) : begin_(begin) {}

  void Add(Clock::time_point sent, Clock::time_point answered) {
    if (answered < begin_) return;
    nanoseconds_.push_back((answered - sent).count());
    last_ = answered;
  }
  void AddError(const std::string& reason) {
    ++errors_;
    first_error_ = errors_ == 1 ? reason : first_error_;
  }

  // One line of JSON: requests, requests_per_s, mean_ms, p50_ms, p99_ms, p999_ms, max_ms, errors,
  // first_error, cpu_s (of this process, since it began).
  std::string Report();

 private:
  const Clock::time_point begin_;
  Clock::time_point last_{};
  std::vector<int64_t> nanoseconds_;
  int64_t errors_ = 0;
  std::string first_error_;
};

}  // namespace trainyard::bench

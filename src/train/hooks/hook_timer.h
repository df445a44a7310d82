// When a hook is to act: every so many steps, or every so many seconds.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/status.h"

namespace trainyard::train {

// As tf.estimator's SecondOrStepTimer: due at the first step it is asked about, never twice for one
// step, and then after so many steps, or so much time, since the last time it was marked.
// Thread-compatible.
class HookTimer {
 public:
  // Exactly one is set; `steps` >= 1. With neither, never due.
  struct Options {
    std::optional<int64_t> steps;
    std::optional<std::chrono::milliseconds> interval;
  };
  explicit HookTimer(Options options) : options_(options) {}

  // InvalidArgument, naming `hook`, unless the options are as they must be.
  Status Check(const char* hook) const;

  bool IsDue(int64_t step) const;
  void Mark(int64_t step);
  // Between the last two marks; none after the first.
  std::optional<double> seconds_between_marks() const { return seconds_; }

 private:
  const Options options_;
  std::optional<int64_t> last_step_;
  std::chrono::steady_clock::time_point last_time_;
  std::optional<double> seconds_;
};

}  // namespace trainyard::train

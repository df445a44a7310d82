// What may end one request before its answer: its deadline, or a client that has gone.
#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "base/status.h"

namespace trainyard::serving {

// A plain value, copied along with the request. Thread-compatible.
struct RunLimits {
  using TimePoint = std::chrono::steady_clock::time_point;

  std::optional<TimePoint> deadline{};      // none: as long as it takes
  std::function<bool()> is_cancelled = {};  // may be asked by any thread; empty: never cancelled
  // Receives, added to what is there, how long the request was in the model. May be nullptr.
  std::chrono::nanoseconds* running = nullptr;

  // Whether it is still worth beginning: DeadlineExceeded, with the text that TensorFlow has for a
  // run that took too long, or Cancelled.
  Status Check(TimePoint now) const;
};

}  // namespace trainyard::serving

// Follows the log of a container in a pod, across rotations, idle proxies and restarts in place.
//
// Asks for timestamps and strips them; a stream that breaks is opened again from the last second
// seen, and lines that were told already are left out. No thread: lines come in callbacks of
// Api::Open(). Thread-safe. The destructor ends it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "kube/api.h"
#include "kube/timer_queue.h"

namespace trainyard::kube {

struct LogOptions {
  std::string name_space{};
  std::string pod{};
  std::string container{};
  std::optional<int> tail_lines{};
  std::optional<TimePoint> since{};
  bool previous = false;    // of the container's instance before this one
  bool timestamps = false;  // give each line with its time before it
  bool follow = true;
};

struct LogHandler {
  std::function<void(std::string_view line)> on_line{};
  // OK: the container has ended, or there is no more without `follow`; NotFound: the pod is gone.
  std::function<void(const Status&)> on_end{};
};

class LogFollower {
 public:
  static std::unique_ptr<LogFollower> Start(Api* api, TimerQueue* timers, LogOptions options,
                                            LogHandler handler);
  virtual ~LogFollower() = default;
};

// The whole of what is there now.
Result<std::string> ReadLog(Api* api, const LogOptions& options);

}  // namespace trainyard::kube

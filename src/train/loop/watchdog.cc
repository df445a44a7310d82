#include "train/loop/watchdog.h"

#include <unistd.h>

#include "base/log.h"
#include "train/loop/stop_signal.h"
#include "train/run_config.h"

namespace trainyard::train {
namespace {

double Seconds(std::chrono::milliseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

Watchdog::Watchdog(std::optional<std::chrono::milliseconds> stop_timeout)
    : stop_timeout_(stop_timeout), thread_([this](const std::stop_token& stop) { Watch(stop); }) {}

Watchdog::Guarded Watchdog::Guard(std::chrono::milliseconds limit, std::string what) {
  {
    const std::lock_guard lock(mutex_);
    armed_ = true;
    limit_ = limit;
    deadline_ = std::chrono::steady_clock::now() + limit;
    what_ = std::move(what);
  }
  return Guarded(this);
}

void Watchdog::Disarm() {
  const std::lock_guard lock(mutex_);
  armed_ = false;
}

void Watchdog::Watch(const std::stop_token& stop) {
  // Looking now and then costs nothing; waking the thread at each step would.
  constexpr std::chrono::milliseconds kInterval(250);
  std::optional<std::chrono::steady_clock::time_point> stop_deadline;
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    changed_.wait_for(lock, stop, kInterval, [] { return false; });
    const auto now = std::chrono::steady_clock::now();
    if (stop_timeout_.has_value() && !stop_deadline.has_value() && StopRequested()) {
      stop_deadline = now + *stop_timeout_;
    }
    if (armed_ && stop_deadline.has_value() && now >= *stop_deadline) {
      LogWarning(
          "{} has not ended within {} s after this process was asked to stop: another task of the "
          "cluster does not answer; ending without a save, the last checkpoint stands",
          what_, Seconds(*stop_timeout_));
      ::_exit(kExitTerminated);
    }
    if (!armed_ || now < deadline_) continue;
    LogError(
        "{} has not ended within {} s: another task of the cluster does not answer; ending "
        "this process so that it can be restarted",
        what_, Seconds(limit_));
    ::_exit(kExitLostPeer);  // nothing can be unwound: a thread hangs inside TensorFlow
  }
}

}  // namespace trainyard::train

#include "train/watchdog.h"

#include <unistd.h>

#include "base/log.h"
#include "train/run_config.h"

namespace trainyard::train {

Watchdog::Watchdog() : thread_([this](const std::stop_token& stop) { Watch(stop); }) {}

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
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    changed_.wait_for(lock, stop, kInterval, [] { return false; });
    if (!armed_ || std::chrono::steady_clock::now() < deadline_) continue;
    LogError(
        "{} has not ended within {} s: another task of the cluster does not answer; ending "
        "this process so that it can be restarted",
        what_, std::chrono::duration<double>(limit_).count());
    ::_exit(kExitLostPeer);  // nothing can be unwound: a thread hangs inside TensorFlow
  }
}

}  // namespace trainyard::train

// Ends a process that waits for ever.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace trainyard::train {

// TensorFlow's calls have no working deadline: a run that needs a frozen parameter server returns
// when that server goes on, or never. A process that guards its calls with a Watchdog ends instead,
// with kExitLostPeer and one line that says what it waited for, and is restarted by its job. One
// that was asked to stop meanwhile ends with kExitTerminated, before it is killed without a word.
//
// Owned by the training process. Thread-safe.
//
//   Watchdog watchdog;
//   { const auto guard = watchdog.Guard(std::chrono::seconds(120), "a training step"); Run(); }
class Watchdog {
 public:
  // `stop_timeout`: how long after it was asked to stop (StopRequested) a process may still wait;
  // none: as long as otherwise.
  explicit Watchdog(std::optional<std::chrono::milliseconds> stop_timeout = std::nullopt);

  // While the returned guard lives, the clock runs; one guard at a time.
  class Guarded {
   public:
    explicit Guarded(Watchdog* owner) : owner_(owner) {}
    ~Guarded() { owner_->Disarm(); }
    Guarded(const Guarded&) = delete;
    Guarded& operator=(const Guarded&) = delete;

   private:
    Watchdog* owner_;
  };
  [[nodiscard]] Guarded Guard(std::chrono::milliseconds limit, std::string what);

 private:
  void Disarm();
  void Watch(const std::stop_token& stop);

  const std::optional<std::chrono::milliseconds> stop_timeout_;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  // Guarded by mutex_.
  bool armed_ = false;
  std::chrono::steady_clock::time_point deadline_;
  std::chrono::milliseconds limit_{0};
  std::string what_;

  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace trainyard::train

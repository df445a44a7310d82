// Ends an exchange with other processes that this one, asked to stop, has waited for long enough.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "collective/group.h"

namespace trainyard::train {

// An exchange waits for members that are slow or frozen, up to RunConfig::step_timeout. A member
// that was asked to stop has no use for it any more: it interrupts the exchange, so that there is
// time to save what it has before it is killed. The group is of no use then.
//
// Owned by the training process. Thread-compatible.
//
//   Interrupter interrupter(StopRequested, std::chrono::seconds(2));
//   { const auto guard = interrupter.Guard(group.get()); group->AllReduceMean(gradients); }
class Interrupter {
 public:
  // `stop_requested` is asked several times a second, in a thread of its own. When it has been true
  // for `patience`, exchanges are interrupted, those that begin later as well.
  Interrupter(std::function<bool()> stop_requested, std::chrono::milliseconds patience);

  class Guarded {
   public:
    explicit Guarded(Interrupter* owner) : owner_(owner) {}
    ~Guarded() { owner_->Release(); }
    Guarded(const Guarded&) = delete;
    Guarded& operator=(const Guarded&) = delete;

   private:
    Interrupter* owner_;
  };
  // While the returned guard lives, and the group must for as long, the group may be interrupted.
  // One guard at a time.
  [[nodiscard]] Guarded Guard(collective::Group* group);

 private:
  void Release();
  void Watch(const std::stop_token& stop);

  const std::function<bool()> stop_requested_;
  const std::chrono::milliseconds patience_;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  collective::Group* group_ = nullptr;  // guarded by mutex_

  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace trainyard::train

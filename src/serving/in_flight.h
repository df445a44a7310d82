// The requests being answered, and the door that is closed before the server stops.
//
// gRPC's own shutdown cancels what it has accepted but not yet handed to us, and a client cannot
// tell that from a request that was begun. So the door is closed first: from then on requests are
// refused as UNAVAILABLE, which clients may safely send elsewhere. Once the last one inside has
// been answered, and nobody has knocked for a moment, there is nothing left to cancel.
//
// Owned by the server, used by its front ends. Thread-safe; entering and leaving cost one atomic
// operation each.
//
//   const InFlight::Pass pass(requests);
//   if (!pass) return pass.refusal();
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <limits>
#include <mutex>

#include "base/status.h"

namespace trainyard::serving {

class InFlight {
  enum class Answer { kInside, kClosed, kFull };

 public:
  // No more than `max_inside` at a time (--max_concurrent_requests); more are refused.
  explicit InFlight(int64_t max_inside = std::numeric_limits<int64_t>::max())
      : max_inside_(max_inside) {}

  // Inside from construction to destruction, unless the door was closed or the room is full.
  class Pass {
   public:
    explicit Pass(InFlight* requests) : requests_(*requests), answer_(requests->Enter()) {}
    ~Pass() {
      if (answer_ == Answer::kInside) requests_.Leave();
    }
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;
    explicit operator bool() const { return answer_ == Answer::kInside; }

    // Why one is not inside: Unavailable, as the server is stopping, or ResourceExhausted. OK if
    // one is.
    Status refusal() const;

   private:
    InFlight& requests_;
    const Answer answer_;
  };

  int64_t inside() const { return inside_.load(std::memory_order_relaxed); }

  // Lets nobody in any more, and waits until all have left, at most for `limit`. Whether they have.
  bool CloseAndWait(std::chrono::milliseconds limit);

  // With the door closed: waits until nobody has been refused for `quiet`, at most for `limit`.
  void WaitUntilQuiet(std::chrono::milliseconds quiet, std::chrono::milliseconds limit);

 private:
  Answer Enter();
  void Leave();

  const int64_t max_inside_;
  std::atomic<bool> closed_{false};
  std::atomic<int64_t> inside_{0};
  std::atomic<int64_t> refused_{0};
  std::mutex mutex_;  // guards nothing: lets `changed_` miss no one who leaves or is refused
  std::condition_variable changed_;
};

}  // namespace trainyard::serving

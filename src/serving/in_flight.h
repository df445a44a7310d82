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
//   if (!pass) return UnavailableError(...);
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace trainyard::serving {

class InFlight {
 public:
  // Inside from construction to destruction, unless the door was closed.
  class Pass {
   public:
    explicit Pass(InFlight* requests) : requests_(*requests), inside_(requests->Enter()) {}
    ~Pass() {
      if (inside_) requests_.Leave();
    }
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;
    explicit operator bool() const { return inside_; }

   private:
    InFlight& requests_;
    const bool inside_;
  };

  // Lets nobody in any more, and waits until all have left, at most for `limit`. Whether they have.
  bool CloseAndWait(std::chrono::milliseconds limit);

  // With the door closed: waits until nobody has been refused for `quiet`, at most for `limit`.
  void WaitUntilQuiet(std::chrono::milliseconds quiet, std::chrono::milliseconds limit);

 private:
  bool Enter();
  void Leave();

  std::atomic<bool> closed_{false};
  std::atomic<int64_t> inside_{0};
  std::atomic<int64_t> refused_{0};
  std::mutex mutex_;  // guards nothing: lets `changed_` miss no one who leaves or is refused
  std::condition_variable changed_;
};

}  // namespace trainyard::serving

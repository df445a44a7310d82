// How many versions may be loaded at the same time, of all models together.
//
// Owned by the catalogue, shared by its models' managers. Thread-safe.
//
//   LoadSlots slots(4);
//   const LoadSlots::Slot slot = slots.Acquire(stop);
//   if (!slot) return CancelledError("stopping");
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stop_token>

namespace trainyard::serving {

class LoadSlots {
 public:
  // `count` below 1: four for each processor.
  explicit LoadSlots(int count);

  // Held from Acquire() to its destruction; empty if the wait was stopped.
  class Slot {
   public:
    explicit Slot(LoadSlots* slots) : slots_(slots) {}
    ~Slot();
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;
    explicit operator bool() const { return slots_ != nullptr; }

   private:
    LoadSlots* const slots_;
  };

  // Waits for a turn, until `stop` is requested.
  Slot Acquire(const std::stop_token& stop);

  // Whether some version of any model has begun to answer. Before that a load disturbs nobody.
  bool anything_served() const { return anything_served_; }
  void NoteServed() { anything_served_ = true; }

 private:
  void Release();

  std::atomic<bool> anything_served_{false};
  std::mutex mutex_;
  std::condition_variable_any changed_;
  int free_;  // guarded by mutex_
};

}  // namespace trainyard::serving

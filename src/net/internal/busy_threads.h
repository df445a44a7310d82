// How many threads of a server answer at the same time.
//
// Each thread takes a place before it looks for work and keeps it from one request to the next, so
// that a server of short requests pays nothing for the places. Who says that it takes long gives
// its place to another thread, and waits for one when it has finished. Thread-safe.
#pragma once

#include <semaphore>

namespace trainyard::net {

class BusyThreads {
 public:
  explicit BusyThreads(int count) : free_(count) {}

  // One thread's. Waits for it when it is made; thread-compatible.
  class Place {
   public:
    explicit Place(BusyThreads* threads);
    ~Place();
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    void GiveUp();     // nothing if it has been given up already
    void TakeAgain();  // waits for a free place; nothing if it is held

   private:
    BusyThreads* const threads_;
    bool is_held_ = true;
  };

 private:
  std::counting_semaphore<> free_;
};

}  // namespace trainyard::net

#include "net/internal/busy_threads.h"

namespace trainyard::net {

BusyThreads::Place::Place(BusyThreads* threads) : threads_(threads) { threads_->free_.acquire(); }

BusyThreads::Place::~Place() { GiveUp(); }

void BusyThreads::Place::GiveUp() {
  if (!is_held_) return;
  is_held_ = false;
  threads_->free_.release();
}

void BusyThreads::Place::TakeAgain() {
  if (is_held_) return;
  threads_->free_.acquire();
  is_held_ = true;
}

}  // namespace trainyard::net

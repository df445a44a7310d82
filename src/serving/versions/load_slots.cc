#include "serving/versions/load_slots.h"

#include <algorithm>
#include <thread>

namespace trainyard::serving {
namespace {

int DefaultCount() {
  return 4 * static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

}  // namespace

LoadSlots::LoadSlots(int count) : free_(count > 0 ? count : DefaultCount()) {}

LoadSlots::Slot::~Slot() {
  if (slots_ != nullptr) slots_->Release();
}

LoadSlots::Slot LoadSlots::Acquire(const std::stop_token& stop) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (!changed_.wait(lock, stop, [&] { return free_ > 0; })) return Slot(nullptr);
  --free_;
  return Slot(this);
}

void LoadSlots::Release() {
  const std::lock_guard<std::mutex> lock(mutex_);
  ++free_;
  changed_.notify_one();
}

}  // namespace trainyard::serving

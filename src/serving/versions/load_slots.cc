#include "serving/versions/load_slots.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

namespace trainyard::serving {
namespace {

constexpr int kLowestPriority = 19;

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

void RunAside(bool background, const std::function<void()>& work) {
  std::jthread thread([&] {
    // Of this thread alone: on Linux priorities belong to threads. A refusal changes nothing.
    if (background) {
      setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kLowestPriority);
    }
    work();
  });
}

}  // namespace trainyard::serving

#include "serving/frontends/grpc/call_threads.h"

#include <utility>

namespace trainyard::serving {

CallThreads::~CallThreads() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool CallThreads::Post(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() == idle_) {
      if (threads_.size() == most_) return false;
      threads_.emplace_back([this] { Run(); });
      ++idle_;  // as good as: it takes what waits before it waits itself
    }
    waiting_.push_back(std::move(work));
  }
  wake_.notify_one();
  return true;
}

void CallThreads::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    const std::function<void()> work = std::move(waiting_.front());
    waiting_.pop_front();
    --idle_;
    lock.unlock();
    work();
    lock.lock();
    ++idle_;
  }
}

}  // namespace trainyard::serving

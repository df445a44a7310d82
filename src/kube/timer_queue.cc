#include "kube/timer_queue.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>

namespace trainyard::kube {
namespace {

using Clock = std::chrono::steady_clock;

class ThreadTimerQueue final : public TimerQueue {
 public:
  ThreadTimerQueue() : thread_([this] { Run(); }) {}

  ~ThreadTimerQueue() override {
    // What waiting functions hold may, as it goes, ask this queue to cancel: it goes last, without
    // the lock.
    Waiting dropped;
    {
      const std::lock_guard lock(mutex_);
      is_stopping_ = true;
      dropped.swap(waiting_);
      times_.clear();
    }
    changed_.notify_all();
    thread_.join();
  }

  Id After(std::chrono::milliseconds delay, std::function<void()> function) override {
    const Clock::time_point when = Clock::now() + delay;
    const std::lock_guard lock(mutex_);
    const Id id = ++last_id_;
    if (is_stopping_) return id;
    const auto added = waiting_.emplace(std::pair(when, id), std::move(function)).first;
    times_.emplace(id, when);
    if (added == waiting_.begin()) changed_.notify_all();
    return id;
  }

  void Cancel(Id id) override {
    std::function<void()> dropped;  // goes after the lock
    std::unique_lock lock(mutex_);
    if (const auto found = times_.find(id); found != times_.end()) {
      const auto entry = waiting_.find(std::pair(found->second, id));
      dropped = std::move(entry->second);
      waiting_.erase(entry);
      times_.erase(found);
      return;
    }
    if (std::this_thread::get_id() == thread_.get_id()) return;
    changed_.wait(lock, [&] { return running_ != id || id == kNone; });
  }

 private:
  static constexpr Id kNone = 0;

  // By time, then in the order in which they came.
  using Waiting = std::map<std::pair<Clock::time_point, Id>, std::function<void()>>;

  void Run() {
    std::unique_lock lock(mutex_);
    while (!is_stopping_) {
      if (waiting_.empty()) {
        changed_.wait(lock);
        continue;
      }
      const auto first = waiting_.begin();
      const Clock::time_point when = first->first.first;
      if (Clock::now() < when) {
        changed_.wait_until(lock, when);
        continue;
      }
      running_ = first->first.second;
      std::function<void()> function = std::move(first->second);
      times_.erase(running_);
      waiting_.erase(first);
      lock.unlock();
      function();
      function = nullptr;  // what it holds goes before Cancel() returns
      lock.lock();
      running_ = kNone;
      changed_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  Waiting waiting_;
  std::unordered_map<Id, Clock::time_point> times_;
  Id last_id_ = 0;
  Id running_ = kNone;
  bool is_stopping_ = false;

  std::thread thread_;  // last: uses all of the above
};

}  // namespace

std::unique_ptr<TimerQueue> TimerQueue::Start() { return std::make_unique<ThreadTimerQueue>(); }

}  // namespace trainyard::kube

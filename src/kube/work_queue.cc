#include "kube/work_queue.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

namespace trainyard::kube {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

class TimedWorkQueue final : public WorkQueue {
 public:
  TimedWorkQueue(TimerQueue* timers, WorkQueueOptions options)
      : timers_(timers), options_(std::move(options)) {}

  ~TimedWorkQueue() override {
    ShutDown();
    // A timer that has given its key to the queue may not be done with it yet.
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return num_due_ == 0; });
  }

  void Add(const std::string& key) override {
    bool is_new = false;
    {
      const std::lock_guard lock(mutex_);
      if (is_shut_down_) return;
      is_new = Enqueue(key);
    }
    if (is_new && options_.on_add) options_.on_add();
  }

  void AddAfter(const std::string& key, std::chrono::milliseconds delay) override {
    if (delay.count() <= 0) return Add(key);
    std::optional<TimerQueue::Id> overtaken;
    {
      const std::lock_guard lock(mutex_);
      if (is_shut_down_) return;
      const Clock::time_point when = Clock::now() + delay;
      if (const auto found = delayed_.find(key); found != delayed_.end()) {
        if (found->second.when <= when) return;
        overtaken = TakeDelayed(key);
      }
      Delayed& delayed = delayed_[key];
      delayed = {.when = when, .token = ++last_token_};
      delayed.timer = timers_->After(delay, [this, key, token = last_token_] { Due(key, token); });
    }
    if (overtaken) timers_->Cancel(*overtaken);
  }

  void AddRateLimited(const std::string& key) override {
    std::chrono::milliseconds delay;
    {
      const std::lock_guard lock(mutex_);
      if (is_shut_down_) return;
      const int failures = std::min(failures_[key]++, 30);
      const auto doubled = options_.first_delay * (int64_t{1} << failures);
      delay = std::min<std::chrono::milliseconds>(doubled, options_.longest_delay);
    }
    if (options_.on_retry) options_.on_retry();
    AddAfter(key, delay);
  }

  void Forget(const std::string& key) override {
    const std::lock_guard lock(mutex_);
    failures_.erase(key);
  }

  std::optional<std::string> Get() override {
    std::string key;
    double waited = 0;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return is_shut_down_ || !ready_.empty(); });
      if (ready_.empty()) return std::nullopt;
      key = std::move(ready_.front());
      ready_.pop_front();
      Entry& entry = entries_[key];
      waited = SecondsSince(entry.since);
      entry.is_dirty = false;
      entry.is_processing = true;
      entry.started = Clock::now();
    }
    if (options_.on_wait) options_.on_wait(waited);
    return key;
  }

  void Done(const std::string& key) override {
    double worked = 0;
    {
      const std::lock_guard lock(mutex_);
      const auto found = entries_.find(key);
      if (found == entries_.end() || !found->second.is_processing) return;
      worked = SecondsSince(found->second.started);
      if (found->second.is_dirty) {
        found->second.is_processing = false;
        ready_.push_back(key);
        changed_.notify_one();
      } else {
        entries_.erase(found);
      }
    }
    if (options_.on_work) options_.on_work(worked);
  }

  void ShutDown() override {
    std::unordered_map<std::string, Delayed> dropped;
    {
      const std::lock_guard lock(mutex_);
      is_shut_down_ = true;
      dropped.swap(delayed_);
    }
    changed_.notify_all();
    // Due() takes the lock, so its end is waited for without it.
    for (const auto& [key, delayed] : dropped) timers_->Cancel(delayed.timer);
  }

  size_t depth() const override {
    const std::lock_guard lock(mutex_);
    return ready_.size();
  }

 private:
  // Exists for keys that are ready or being processed.
  struct Entry {
    bool is_dirty = false;  // to be worked on (again)
    bool is_processing = false;
    Clock::time_point since{};    // since when it is dirty
    Clock::time_point started{};  // since when it is being processed
  };
  struct Delayed {
    Clock::time_point when{};
    uint64_t token = 0;  // tells a timer that was overtaken from the one that holds
    TimerQueue::Id timer = 0;
  };

  // With the lock. Is it news?
  bool Enqueue(const std::string& key) {
    Entry& entry = entries_[key];
    if (entry.is_dirty) return false;
    entry.is_dirty = true;
    entry.since = Clock::now();
    if (!entry.is_processing) {
      ready_.push_back(key);
      changed_.notify_one();
    }
    return true;
  }

  // With the lock. The timer to be cancelled without it.
  std::optional<TimerQueue::Id> TakeDelayed(const std::string& key) {
    const auto found = delayed_.find(key);
    if (found == delayed_.end()) return std::nullopt;
    const TimerQueue::Id timer = found->second.timer;
    delayed_.erase(found);
    return timer;
  }

  void Due(const std::string& key, uint64_t token) {
    bool is_new = false;
    {
      const std::lock_guard lock(mutex_);
      const auto found = delayed_.find(key);
      if (is_shut_down_ || found == delayed_.end() || found->second.token != token) return;
      delayed_.erase(found);
      is_new = Enqueue(key);
      ++num_due_;
    }
    if (is_new && options_.on_add) options_.on_add();
    const std::lock_guard lock(mutex_);
    --num_due_;
    if (is_shut_down_) changed_.notify_all();
  }

  TimerQueue* const timers_;
  const WorkQueueOptions options_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  std::deque<std::string> ready_;
  std::unordered_map<std::string, Entry> entries_;
  std::unordered_map<std::string, Delayed> delayed_;
  std::unordered_map<std::string, int> failures_;
  uint64_t last_token_ = 0;
  int num_due_ = 0;  // timers that are within Due()
  bool is_shut_down_ = false;
};

}  // namespace

std::unique_ptr<WorkQueue> WorkQueue::Create(TimerQueue* timers, WorkQueueOptions options) {
  return std::make_unique<TimedWorkQueue>(timers, std::move(options));
}

}  // namespace trainyard::kube

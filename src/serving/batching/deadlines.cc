// Requests that end while they wait for a batch: their deadline has come, or their client has gone.
// No thread of their own sees to it, and those of the batches may be busy for long.
#include <algorithm>

#include "serving/batching/scheduler.h"
#include "serving/batching/task.h"

namespace trainyard::serving {
namespace {

// How often those who wait are asked whether their client has gone.
constexpr std::chrono::milliseconds kAskInterval{100};

}  // namespace

Status BatchQueue::Task::Over(RunLimits::TimePoint now) const {
  Status status = limits.Check(now);
  if (status.code() != StatusCode::kDeadlineExceeded) return status;
  return ResourceExhaustedError("Run() timeout exceeded while waiting in batching queue");
}

void BatchScheduler::WatchDeadlines() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const TimePoint now = std::chrono::steady_clock::now();
    std::vector<OverTask> over = TakeOver(now);
    if (!over.empty()) {
      lock.unlock();
      for (const auto& [task, status] : over) task->Finish(status);
      over.clear();
      lock.lock();
      continue;
    }
    next_look_ = NextLook(now);
    if (next_look_ == TimePoint::max()) {
      look_.wait(lock);
    } else {
      look_.wait_until(lock, next_look_);
    }
  }
}

void BatchScheduler::LookAt(std::optional<TimePoint> deadline, TimePoint now) {
  const TimePoint next = std::min(deadline.value_or(TimePoint::max()), now + kAskInterval);
  if (next >= next_look_) return;
  next_look_ = next;
  look_.notify_one();
}

std::vector<BatchScheduler::OverTask> BatchScheduler::TakeOver(TimePoint now) {
  std::vector<OverTask> over;
  for (BatchQueue* queue : queues_) {
    for (TaskPtr& task : queue->waiting_) {
      Status status = task->Over(now);
      if (status.ok()) continue;
      queue->waiting_rows_ -= task->weight();
      over.emplace_back(std::move(task), std::move(status));
    }
    std::erase(queue->waiting_, nullptr);
  }
  std::erase_if(queues_, [](const BatchQueue* queue) { return queue->waiting_.empty(); });
  return over;
}

BatchScheduler::TimePoint BatchScheduler::NextLook(TimePoint now) const {
  if (queues_.empty()) return TimePoint::max();
  TimePoint next = now + kAskInterval;
  for (const BatchQueue* queue : queues_) {
    for (const TaskPtr& task : queue->waiting_) {
      next = std::min(next, task->limits.deadline.value_or(next));
    }
  }
  return next;
}

}  // namespace trainyard::serving

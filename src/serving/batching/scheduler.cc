#include "serving/batching/scheduler.h"

#include <pthread.h>

#include <algorithm>

#include "serving/batching/task.h"
#include "serving/metrics/batching_metrics.h"

namespace trainyard::serving {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kLongestThreadName = 15;  // that Linux has

// From so many rows on, a row of a typical network costs no less in a larger batch.
constexpr int64_t kRowsForAnotherRun = 16;
// How long a request waits for that many while others of its queue run.
constexpr std::chrono::milliseconds kCompanyTime{1};

int SlotCount(const BatchingOptions& options) {
  if (options.num_batch_threads > 0) return options.num_batch_threads;
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

// Whether both may be rows of one tensor. Requests that may not wait for a batch of their own: they
// would only make this one fail.
bool FitTogether(const tf::Tensor& a, const tf::Tensor& b, bool pad) {
  if (a.dtype() != b.dtype()) return false;
  const tf::Shape left = a.shape();
  const tf::Shape right = b.shape();
  if (left.size() != right.size()) return false;
  return pad || std::equal(left.begin() + 1, left.end(), right.begin() + 1);
}

bool FitTogether(std::span<const tf::Tensor* const> a, std::span<const tf::Tensor* const> b,
                 bool pad) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [pad](const tf::Tensor* left, const tf::Tensor* right) {
                      return FitTogether(*left, *right, pad);
                    });
}

}  // namespace

BatchScheduler::BatchScheduler(BatchingOptions options, BatchingMetrics* metrics)
    : options_(std::move(options)),
      metrics_(metrics),
      slots_(SlotCount(options_)),
      free_slots_(slots_) {
  const std::string name = options_.thread_pool_name.substr(0, kLongestThreadName);
  for (int i = 0; i < slots_; ++i) {
    threads_.emplace_back([this] { Work(); });
    pthread_setname_np(threads_.back().native_handle(), name.c_str());
  }
  threads_.emplace_back([this] { WatchDeadlines(); });
}

BatchScheduler::~BatchScheduler() {
  const std::lock_guard lock(mutex_);
  CHECK(queues_.empty());
  stopping_ = true;
  wake_.notify_all();
  look_.notify_all();
}

void BatchScheduler::Work() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    BatchQueue* const queue = free_slots_ > 0 ? DueQueue(Clock::now()) : nullptr;
    if (queue == nullptr) {
      TimePoint due = TimePoint::max();
      for (const BatchQueue* each : queues_) due = std::min(due, DueTime(*each));
      // Somebody may come whose time is over sooner, or who makes the batch full.
      if (free_slots_ > 0 && due != TimePoint::max()) {
        wake_.wait_until(lock, due);
      } else {
        wake_.wait(lock);
      }
      continue;
    }
    const std::shared_ptr<int64_t> running = queue->running_rows_;
    const int64_t waiting = queue->waiting_rows_;
    std::vector<TaskPtr> batch = TakeBatch(queue);
    const int64_t taken = waiting - queue->waiting_rows_;
    *running += taken;
    --free_slots_;
    has_company_ = batch.size() > 1;
    // What is left over is another thread's, if there is room for it.
    if (free_slots_ > 0 && !queues_.empty()) wake_.notify_one();
    lock.unlock();
    queue->RunBatch(std::move(batch));
    lock.lock();
    ++free_slots_;
    *running -= taken;
  }
}

bool BatchScheduler::BeginAtOnce(BatchQueue* queue, const BatchQueue::Task& task,
                                 InCaller in_caller) {
  if (metrics_ != nullptr) metrics_->ObserveInput(task.rows);
  if (in_caller == InCaller::kNever) return false;
  const std::lock_guard lock(mutex_);
  if (free_slots_ == 0 || DueQueue(Clock::now()) != nullptr) return false;
  // While this thread ran one request, it would not bring the others that could run with it.
  if (in_caller == InCaller::kIfIdle && (free_slots_ < slots_ || has_company_)) return false;
  if (options_.batch_timeout.count() > 0 && task.rows > 0 &&
      task.rows < options_.largest_joined_batch()) {
    return false;
  }
  --free_slots_;
  *queue->running_rows_ += task.weight();
  return true;
}

void BatchScheduler::EndRun(BatchQueue* queue, const BatchQueue::Task& task) {
  const std::lock_guard lock(mutex_);
  ++free_slots_;
  *queue->running_rows_ -= task.weight();
  if (!queues_.empty()) wake_.notify_one();
}

Status BatchScheduler::Enqueue(BatchQueue* queue, std::span<TaskPtr> tasks) {
  int64_t rows = 0;
  for (const TaskPtr& task : tasks) rows += task->weight();
  const std::lock_guard lock(mutex_);
  const int64_t largest = options_.largest_batch();
  const int64_t batches = (queue->waiting_rows_ + largest - 1) / largest;
  if (queue->waiting_rows_ + rows > options_.max_enqueued_batches * largest) {
    return UnavailableError(
        "The batch scheduling queue to which this task was submitted is full; currently {} batches "
        "enqueued and max_enqueued_batches is {}",
        batches, options_.max_enqueued_batches);
  }
  if (queue->waiting_.empty()) queues_.push_back(queue);
  queue->waiting_rows_ += rows;
  const TimePoint now = Clock::now();
  for (TaskPtr& task : tasks) {
    task->enqueued = now;
    LookAt(task->limits.deadline, now);
    queue->waiting_.push_back(std::move(task));
  }
  if (free_slots_ > 0) wake_.notify_one();
  return OkStatus();
}

bool BatchScheduler::IsFull(const BatchQueue& queue) const {
  return queue.waiting_rows_ >= options_.largest_joined_batch() ||
         queue.waiting_.front()->rows == 0;
}

BatchScheduler::TimePoint BatchScheduler::DueTime(const BatchQueue& queue) const {
  if (IsFull(queue)) return TimePoint::min();
  TimePoint due = queue.waiting_.front()->enqueued + options_.batch_timeout;
  const int64_t running = *queue.running_rows_;
  const int64_t company = std::max(running, kRowsForAnotherRun);
  if (running > 0 && queue.waiting_rows_ < company) {
    due = std::max(due, queue.waiting_.front()->enqueued + kCompanyTime);
  }
  return due;
}

BatchQueue* BatchScheduler::DueQueue(TimePoint now) const {
  const auto due = std::ranges::find_if(
      queues_, [&](const BatchQueue* queue) { return DueTime(*queue) <= now; });
  return due == queues_.end() ? nullptr : *due;
}

std::vector<BatchScheduler::TaskPtr> BatchScheduler::TakeBatch(BatchQueue* queue) {
  std::vector<TaskPtr> batch;
  std::deque<TaskPtr> left;
  int64_t rows = 0;
  const auto fits = [&](const BatchQueue::Task& task) {
    if (batch.empty()) return true;
    // Without rows there is nothing to join.
    return task.rows > 0 && rows > 0 && rows + task.rows <= options_.largest_joined_batch() &&
           FitTogether(batch[0]->inputs, task.inputs, options_.pad_variable_length_inputs);
  };
  for (TaskPtr& task : queue->waiting_) {
    if (!fits(*task)) {
      left.push_back(std::move(task));
      continue;
    }
    rows += task->rows;
    queue->waiting_rows_ -= task->weight();
    batch.push_back(std::move(task));
  }
  queue->waiting_ = std::move(left);
  HasServed(queue);
  return batch;
}

void BatchScheduler::HasServed(BatchQueue* queue) {
  std::erase(queues_, queue);
  if (!queue->waiting_.empty()) queues_.push_back(queue);
}

}  // namespace trainyard::serving

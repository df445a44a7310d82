#include "serving/batching/scheduler.h"

#include <pthread.h>

#include <algorithm>

#include "serving/batching/task.h"
#include "serving/metrics/batching_metrics.h"

namespace trainyard::serving {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kLongestThreadName = 15;  // that Linux has

int ThreadCount(const BatchingOptions& options) {
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
    : options_(std::move(options)), metrics_(metrics), free_slots_(ThreadCount(options_)) {
  const std::string name = options_.thread_pool_name.substr(0, kLongestThreadName);
  for (int i = 0; i < free_slots_; ++i) {
    threads_.emplace_back([this](const std::stop_token& stop) { Work(stop); });
    pthread_setname_np(threads_.back().native_handle(), name.c_str());
  }
}

BatchScheduler::~BatchScheduler() {
  const std::lock_guard lock(mutex_);
  CHECK(queues_.empty());
}

void BatchScheduler::Work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const TimePoint now = Clock::now();
    BatchQueue* const queue = free_slots_ > 0 ? DueQueue(now) : nullptr;
    if (queue == nullptr) {
      TimePoint due = TimePoint::max();
      for (const BatchQueue* each : queues_) due = std::min(due, DueTime(*each));
      const auto is_due = [&] { return free_slots_ > 0 && DueQueue(Clock::now()) != nullptr; };
      if (free_slots_ > 0 && due != TimePoint::max()) {
        // Somebody may come whose time is over sooner, or who makes the batch full.
        wake_.wait_until(lock, stop, due, is_due);
      } else {
        wake_.wait(lock, stop, [&] { return free_slots_ > 0 && !queues_.empty(); });
      }
      continue;
    }
    const std::vector<BatchQueue::Task*> batch = TakeBatch(queue, now);
    if (batch.empty()) continue;
    --free_slots_;
    // What is left over is another thread's, if there is room for it.
    if (free_slots_ > 0 && !queues_.empty()) wake_.notify_one();
    lock.unlock();
    queue->RunBatch(batch);
    lock.lock();
    ++free_slots_;
  }
}

bool BatchScheduler::BeginAtOnce(int64_t rows) {
  const std::lock_guard lock(mutex_);
  if (metrics_ != nullptr) metrics_->ObserveInput(rows);
  if (free_slots_ == 0 || DueQueue(Clock::now()) != nullptr) return false;
  if (options_.batch_timeout.count() > 0 && rows < options_.largest_batch()) return false;
  --free_slots_;
  return true;
}

void BatchScheduler::EndRun() {
  const std::lock_guard lock(mutex_);
  ++free_slots_;
  if (!queues_.empty()) wake_.notify_one();
}

Status BatchScheduler::Enqueue(BatchQueue* queue, std::span<BatchQueue::Task> tasks) {
  int64_t rows = 0;
  for (const BatchQueue::Task& task : tasks) rows += task.rows;
  const std::lock_guard lock(mutex_);
  const int64_t largest = options_.largest_batch();
  const int64_t batches = (queue->waiting_rows_ + largest - 1) / largest;
  if (queue->waiting_rows_ + rows > options_.max_enqueued_batches * largest) {
    return UnavailableError(
        "The batch scheduling queue to which this task was submitted is full; currently {} batches "
        "enqueued and max_enqueued_batches is {}",
        batches, options_.max_enqueued_batches);
  }
  const TimePoint now = Clock::now();
  for (BatchQueue::Task& task : tasks) {
    task.enqueued = now;
    task.is_waiting = true;
    queue->waiting_.push_back(&task);
  }
  if (queue->waiting_rows_ == 0) queues_.push_back(queue);
  queue->waiting_rows_ += rows;
  if (free_slots_ > 0) wake_.notify_one();
  return OkStatus();
}

bool BatchScheduler::Withdraw(BatchQueue* queue, BatchQueue::Task* task) {
  const std::lock_guard lock(mutex_);
  if (!std::exchange(task->is_waiting, false)) return false;
  std::erase(queue->waiting_, task);
  queue->waiting_rows_ -= task->rows;
  if (queue->waiting_.empty()) std::erase(queues_, queue);
  return true;
}

BatchScheduler::TimePoint BatchScheduler::DueTime(const BatchQueue& queue) const {
  if (queue.waiting_rows_ >= options_.largest_batch()) return TimePoint::min();
  return queue.waiting_.front()->enqueued + options_.batch_timeout;
}

BatchQueue* BatchScheduler::DueQueue(TimePoint now) {
  const auto due = std::ranges::find_if(
      queues_, [&](const BatchQueue* queue) { return DueTime(*queue) <= now; });
  return due == queues_.end() ? nullptr : *due;
}

std::vector<BatchQueue::Task*> BatchScheduler::TakeBatch(BatchQueue* queue, TimePoint now) {
  std::vector<BatchQueue::Task*> batch;
  std::deque<BatchQueue::Task*> left;
  int64_t rows = 0;
  while (!queue->waiting_.empty()) {
    BatchQueue::Task* const task = queue->waiting_.front();
    queue->waiting_.pop_front();
    const bool fits = batch.empty() || (rows + task->rows <= options_.largest_batch() &&
                                        FitTogether(batch[0]->inputs, task->inputs,
                                                    options_.pad_variable_length_inputs));
    if (!fits) {
      left.push_back(task);
      continue;
    }
    queue->waiting_rows_ -= task->rows;
    task->is_waiting = false;
    if (metrics_ != nullptr) {
      using std::chrono::duration_cast, std::chrono::microseconds;
      metrics_->ObserveQueuing(duration_cast<microseconds>(now - task->enqueued).count());
    }
    if (const Status over = task->limits->Check(now); !over.ok()) {
      task->Finish(over);
      continue;
    }
    rows += task->rows;
    batch.push_back(task);
  }
  queue->waiting_ = std::move(left);
  std::erase(queues_, queue);
  if (!queue->waiting_.empty()) queues_.push_back(queue);
  if (metrics_ != nullptr && !batch.empty()) {
    const int64_t filled = FilledSize(options_, rows);
    metrics_->ObserveBatch(filled, filled - rows);
  }
  return batch;
}

}  // namespace trainyard::serving

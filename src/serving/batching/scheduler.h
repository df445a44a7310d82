// Runs requests together: those that wait while all threads are busy make the next batch.
//
// A request that finds a thread's worth of room, and nobody waiting, runs at once in its own
// thread: batching costs nothing where there is nothing to batch. Only with a batch_timeout does a
// request wait for company while there is room.
//
//   request --> room, nobody waits --------------------------> runs in its own thread
//      |                                                                ^
//      +------> its queue --> batch full, or its time over --> a batch thread joins, runs, splits
//
// One scheduler for all models of a server; one BatchQueue for each set of inputs and outputs of a
// version. Queues that are due take turns. Thread-safe.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/status.h"
#include "serving/batching/options.h"
#include "serving/run_limits.h"
#include "tf/tensor.h"

namespace trainyard::serving {

class BatchingMetrics;
class BatchScheduler;

// What is run: the inputs, joined; gives the outputs.
using BatchRun = std::function<Result<std::vector<tf::Tensor>>(
    std::span<const tf::Tensor* const> inputs, const RunLimits& limits)>;

// Requests that may run together. Owned by what it runs (a version of a model); no call may be
// under way when it goes.
class BatchQueue {
 public:
  // `input_names` are for messages, in the order of the inputs. The scheduler must outlive it.
  BatchQueue(BatchScheduler* scheduler, std::vector<std::string> input_names, BatchRun run);
  ~BatchQueue();
  BatchQueue(const BatchQueue&) = delete;
  BatchQueue& operator=(const BatchQueue&) = delete;

  // Blocks until the outputs for these inputs are there: those of the batch it ran in, its own
  // rows. Codes and texts are TensorFlow Serving's: InvalidArgument for inputs that have no rows or
  // different numbers of them, or more than max_batch_size; Unavailable if max_enqueued_batches
  // wait already; ResourceExhausted if its deadline comes while it waits. A batch ends at the
  // latest deadline of its members.
  Result<std::vector<tf::Tensor>> Run(std::span<const tf::Tensor* const> inputs,
                                      const RunLimits& limits);

  // The rows of the requests that wait now.
  int64_t waiting_rows() const;

 private:
  friend class BatchScheduler;
  struct Task;
  using Outputs = Result<std::vector<tf::Tensor>>;

  Outputs RunInParts(std::span<const tf::Tensor* const> inputs, int64_t rows,
                     const RunLimits& limits);
  Outputs WaitFor(Task* task);
  Outputs RunJoined(const std::vector<Task*>& batch) const;
  Outputs RunChecked(std::span<const tf::Tensor* const> inputs, int64_t rows,
                     const RunLimits& limits) const;
  void RunBatch(const std::vector<Task*>& batch) const;

  BatchScheduler& scheduler_;
  const std::vector<std::string> input_names_;
  const BatchRun run_;

  // Guarded by the scheduler's mutex.
  std::deque<Task*> waiting_;
  int64_t waiting_rows_ = 0;
};

class BatchScheduler {
 public:
  // `metrics` may be null.
  explicit BatchScheduler(BatchingOptions options, BatchingMetrics* metrics = nullptr);
  ~BatchScheduler();  // no queue may be left

  const BatchingOptions& options() const { return options_; }

 private:
  friend class BatchQueue;
  using TimePoint = RunLimits::TimePoint;

  void Work(const std::stop_token& stop);
  // Whether a run may begin in the caller's thread; takes a slot if so. EndRun gives it back.
  bool BeginAtOnce(int64_t rows);
  void EndRun();
  Status Enqueue(BatchQueue* queue, std::span<BatchQueue::Task> tasks);
  // Whether it waited still, and does no longer.
  bool Withdraw(BatchQueue* queue, BatchQueue::Task* task);

  // With the mutex held.
  TimePoint DueTime(const BatchQueue& queue) const;
  BatchQueue* DueQueue(TimePoint now);
  std::vector<BatchQueue::Task*> TakeBatch(BatchQueue* queue, TimePoint now);

  const BatchingOptions options_;
  BatchingMetrics* const metrics_;

  mutable std::mutex mutex_;
  std::condition_variable_any wake_;  // a thread: something may be due
  std::deque<BatchQueue*> queues_;    // those in which somebody waits; who was served goes last
  int free_slots_ = 0;                // runs that may begin now

  std::vector<std::jthread> threads_;  // last: stop before anything above goes
};

}  // namespace trainyard::serving

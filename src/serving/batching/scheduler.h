// Runs requests together: those that wait while all threads are busy make the next batch.
//
// Nobody has to wait in a thread: a request is left with a callback, and the thread that has run
// its batch calls it. A request that finds room, and nobody waiting, runs at once in its own thread
// if that may be held up: batching costs nothing where there is nothing to batch. One that is left
// in a queue while others of it run waits a moment for company even if there is room, since large
// batches cost less for each row; else only with a batch_timeout.
//
//   request --> room, nobody waits --------------------------> runs in its own thread
//      |                                                                ^
//      +------> its queue --> batch full, or its time over --> a batch thread joins, runs, splits
//                  |
//                  +--> its deadline comes first, or its client goes --> told so by a thread that
//                       watches those who wait
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
#include <utility>
#include <vector>

#include "base/status.h"
#include "serving/batching/options.h"
#include "serving/run_done.h"
#include "serving/run_limits.h"
#include "tf/tensor.h"

namespace trainyard::serving {

class BatchingMetrics;
class BatchScheduler;

// What is run: the inputs, joined; gives the outputs.
using BatchRun =
    std::function<RunOutputs(std::span<const tf::Tensor* const> inputs, const RunLimits& limits)>;

// When a request may run in the thread that brings it, in place of a batch thread.
enum class InCaller {
  kIfRoom,  // the thread has nothing else to do: whenever there is room and nobody waits
  kIfIdle,  // others wait for the thread, but the run is short: when nothing else goes on
  kNever,   // others wait for the thread
};

// Requests that may run together. Owned by what it runs (a version of a model), and may go as soon
// as all its requests have been answered, in any thread but within a BatchRun.
class BatchQueue {
 public:
  // `input_names` are for messages, in the order of the inputs. The scheduler must outlive it.
  BatchQueue(BatchScheduler* scheduler, std::vector<std::string> input_names, BatchRun run);
  ~BatchQueue();
  BatchQueue(const BatchQueue&) = delete;
  BatchQueue& operator=(const BatchQueue&) = delete;

  // Calls `done` with the outputs for these inputs: those of the batch that they ran in, their own
  // rows. By a batch thread, or before it returns, if they ran in this thread or are refused. The
  // inputs, and what the limits refer to, must live until then.
  //
  // Codes and texts are TensorFlow Serving's: InvalidArgument for inputs that have no dimension 0
  // or different ones, or more rows than max_batch_size; Unavailable if max_enqueued_batches wait
  // already; ResourceExhausted if the deadline comes while they wait; Cancelled if the client goes
  // meanwhile. A batch ends at the latest deadline of its members.
  void RunThen(std::span<const tf::Tensor* const> inputs, const RunLimits& limits,
               InCaller in_caller, RunDone done);

  // The same, and waits for it: until the limits' deadline, or the end of the run if that has
  // begun.
  RunOutputs Run(std::span<const tf::Tensor* const> inputs, const RunLimits& limits);

  // The rows of the requests that wait now.
  int64_t waiting_rows() const;

 private:
  friend class BatchScheduler;
  struct Task;
  using TaskPtr = std::unique_ptr<Task>;

  // queue.cc: from a request to tasks.
  void RunInParts(std::span<const tf::Tensor* const> inputs, int64_t rows, const RunLimits& limits,
                  RunDone done);

  // batch.cc: from tasks to their outputs.
  void RunBatch(std::vector<TaskPtr> batch) const;
  void CountBatch(const std::vector<TaskPtr>& batch, RunLimits::TimePoint now) const;
  RunOutputs RunJoined(std::span<const TaskPtr> batch) const;
  RunOutputs RunChecked(std::span<const tf::Tensor* const> inputs, int64_t rows,
                        const RunLimits& limits) const;

  BatchScheduler& scheduler_;
  const std::vector<std::string> input_names_;
  const BatchRun run_;

  // Guarded by the scheduler's mutex.
  std::deque<TaskPtr> waiting_;
  int64_t waiting_rows_ = 0;  // their weights
  // Likewise, of those that are being run or answered; outlives the queue in the threads at it.
  const std::shared_ptr<int64_t> running_rows_ = std::make_shared<int64_t>(0);
};

class BatchScheduler {
 public:
  // `metrics` may be null.
  explicit BatchScheduler(BatchingOptions options, BatchingMetrics* metrics = nullptr);
  ~BatchScheduler();  // not in one of its own threads; no queue may be left

  const BatchingOptions& options() const { return options_; }

 private:
  friend class BatchQueue;
  using TimePoint = RunLimits::TimePoint;
  using TaskPtr = BatchQueue::TaskPtr;

  // scheduler.cc
  void Work();
  // Whether a run may begin in the caller's thread; takes a slot if so. EndRun gives it back.
  bool BeginAtOnce(BatchQueue* queue, const BatchQueue::Task& task, InCaller in_caller);
  void EndRun(BatchQueue* queue, const BatchQueue::Task& task);
  // All or none of the tasks; they are the queue's then, else the caller's still.
  Status Enqueue(BatchQueue* queue, std::span<TaskPtr> tasks);

  // deadlines.cc
  using OverTask = std::pair<TaskPtr, Status>;  // with what it is told
  void WatchDeadlines();

  // With the mutex held.
  bool IsFull(const BatchQueue& queue) const;
  TimePoint DueTime(const BatchQueue& queue) const;
  BatchQueue* DueQueue(TimePoint now) const;
  std::vector<TaskPtr> TakeBatch(BatchQueue* queue);
  void HasServed(BatchQueue* queue);  // its place among the others
  std::vector<OverTask> TakeOver(TimePoint now);
  TimePoint NextLook(TimePoint now) const;
  // Somebody waits now who has this deadline.
  void LookAt(std::optional<TimePoint> deadline, TimePoint now);

  const BatchingOptions options_;
  BatchingMetrics* const metrics_;
  const int slots_;  // runs at the same time

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::condition_variable wake_;    // a batch thread: something may be due
  std::deque<BatchQueue*> queues_;  // those in which somebody waits; who was served goes last
  int free_slots_;                  // runs that may begin now
  bool has_company_ = false;        // whether the last batch was of several requests
  bool stopping_ = false;
  std::condition_variable look_;            // the thread that watches deadlines
  TimePoint next_look_ = TimePoint::max();  // until when it sleeps

  std::vector<std::jthread> threads_;  // last: stop before anything above goes
};

}  // namespace trainyard::serving

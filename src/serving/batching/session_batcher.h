// A session whose runs are batched: the queues of one loaded version.
#pragma once

#include <map>
#include <memory>
#include <shared_mutex>
#include <span>
#include <utility>
#include <vector>

#include "serving/batching/scheduler.h"
#include "tf/session.h"

namespace trainyard::serving {

// Thread-safe. Borrows the session, which outlives it.
class SessionBatcher {
 public:
  // Borrows the scheduler, too.
  SessionBatcher(BatchScheduler* scheduler, tf::Session* session)
      : scheduler_(*scheduler), session_(*session) {}
  // With a scheduler of its own.
  SessionBatcher(std::unique_ptr<BatchScheduler> scheduler, tf::Session* session)
      : own_scheduler_(std::move(scheduler)), scheduler_(*own_scheduler_), session_(*session) {}

  // As Session::Run; requests with the same feeds and fetches may run together. Each feed needs a
  // dimension 0, the rows, which each fetch has then as well. The fed values and this must live
  // until `done` has been called and the call has returned; see BatchQueue::RunThen.
  void RunThen(std::span<const tf::Feed> feeds, std::span<const tf::Output> fetches,
               const RunLimits& limits, InCaller in_caller, RunDone done);

  // The same, and waits for it.
  RunOutputs Run(std::span<const tf::Feed> feeds, std::span<const tf::Output> fetches,
                 const RunLimits& limits);

 private:
  using Key = std::vector<std::pair<tf::Operation, int>>;

  // Null once there are too many: clients choose what they fetch, and must not fill our memory.
  BatchQueue* QueueFor(std::span<const tf::Feed> feeds, std::span<const tf::Output> fetches);
  std::unique_ptr<BatchQueue> MakeQueue(std::span<const tf::Feed> feeds,
                                        std::span<const tf::Output> fetches);

  const std::unique_ptr<BatchScheduler> own_scheduler_;
  BatchScheduler& scheduler_;
  tf::Session& session_;
  std::shared_mutex mutex_;
  std::map<Key, std::unique_ptr<BatchQueue>> queues_;  // guarded by mutex_
};

}  // namespace trainyard::serving

// Keys to be worked on: each at most once in the queue, never by two workers at the same time, and
// after failures with a growing delay.
//
// As client-go's util/workqueue: a key that is added while it is being processed comes again when
// that is done. Thread-safe.
//
//   while (auto key = queue.Get()) {
//     const bool ok = Reconcile(*key);
//     if (ok) queue.Forget(*key); else queue.AddRateLimited(*key);
//     queue.Done(*key);
//   }
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "kube/timer_queue.h"

namespace trainyard::kube {

struct WorkQueueOptions {
  std::chrono::milliseconds first_delay{5};  // after the first failure of a key; doubles
  std::chrono::milliseconds longest_delay{300'000};

  // What has happened, for metrics. Seconds. Called without a lock held.
  std::function<void()> on_add{};
  std::function<void(double)> on_wait{};  // how long a key was in the queue
  std::function<void(double)> on_work{};  // how long it took
  std::function<void()> on_retry{};
};

class WorkQueue {
 public:
  static std::unique_ptr<WorkQueue> Create(TimerQueue* timers, WorkQueueOptions options = {});
  virtual ~WorkQueue() = default;

  virtual void Add(const std::string& key) = 0;
  // Adds it later. Of several times for one key the earliest holds; Add() leaves it waiting. A
  // worker that needs a time says it again each time it has worked on the key.
  virtual void AddAfter(const std::string& key, std::chrono::milliseconds delay) = 0;
  virtual void AddRateLimited(const std::string& key) = 0;
  virtual void Forget(const std::string& key) = 0;  // its failures

  // The next key, waiting for one; nullopt after ShutDown(), when the queue is empty.
  virtual std::optional<std::string> Get() = 0;
  virtual void Done(const std::string& key) = 0;

  // Takes no more keys and drops the delayed ones.
  virtual void ShutDown() = 0;
  virtual size_t depth() const = 0;
};

}  // namespace trainyard::kube

// One request in a batch queue. Only for batching/'s own sources.
#pragma once

#include <semaphore>

#include "serving/batching/scheduler.h"

namespace trainyard::serving {

struct BatchQueue::Task {
  std::span<const tf::Tensor* const> inputs{};
  int64_t rows = 0;
  const RunLimits* limits = nullptr;
  RunLimits::TimePoint enqueued{};

  bool is_waiting = false;  // guarded by the scheduler's mutex
  Outputs outputs = std::vector<tf::Tensor>();
  std::binary_semaphore done{0};

  // The last that is done to a task: its owner goes on, and it is gone.
  void Finish(Outputs with) {
    outputs = std::move(with);
    done.release();
  }
};

}  // namespace trainyard::serving

// One request in a batch queue. Only for batching/'s own sources.
#pragma once

#include <algorithm>
#include <utility>

#include "serving/batching/scheduler.h"

namespace trainyard::serving {

struct BatchQueue::Task {
  std::vector<const tf::Tensor*> inputs{};  // whoever asked owns them until told
  int64_t rows = 0;
  RunLimits limits{};
  RunDone done{};
  RunLimits::TimePoint enqueued{};  // when it began to wait

  // What it counts in the queue: something, even without rows.
  int64_t weight() const { return std::max<int64_t>(rows, 1); }

  // What it is told in place of being run, if that is of no use any more; OK if it is.
  Status Over(RunLimits::TimePoint now) const;

  // The last that is done to a task. With a queue's last task answered the queue may be gone.
  void Finish(RunOutputs outputs) {
    const RunDone tell = std::exchange(done, nullptr);
    tell(std::move(outputs));
  }
};

}  // namespace trainyard::serving

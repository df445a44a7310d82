// Delays a replica until the job has come so far.
#pragma once

#include <chrono>
#include <cstdint>

#include "train/hooks/training_hook.h"

namespace trainyard::train {

// As tf.estimator.GlobalStepWaiterHook, for workers that should join later: waits after a session
// is made until the global step is `wait_until_step`. It must be another replica that gets it
// there; on the chief of a job without workers it never would. Unavailable after `timeout`;
// Cancelled if the process is asked to stop. Thread-compatible.
class GlobalStepWaiterHook : public TrainingHook {
 public:
  explicit GlobalStepWaiterHook(int64_t wait_until_step,
                                std::chrono::seconds timeout = std::chrono::seconds(7200))
      : wait_until_step_(wait_until_step), timeout_(timeout) {}

  Status Begin(const HookContext& context) override;
  Status AfterCreateSession(tf::Session* session, int64_t global_step) override;

 private:
  const int64_t wait_until_step_;
  const std::chrono::seconds timeout_;
  tf::Output global_step_;
};

}  // namespace trainyard::train

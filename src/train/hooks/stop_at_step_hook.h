// Ends training at a step.
#pragma once

#include <cstdint>
#include <optional>

#include "train/hooks/training_hook.h"

namespace trainyard::train {

// As tf.estimator.StopAtStepHook. With `num_steps` the last step is the first session's plus that;
// it stays so after a recovery. Exactly one of the two is set, > 0. Thread-compatible.
class StopAtStepHook : public TrainingHook {
 public:
  struct Options {
    std::optional<int64_t> num_steps;
    std::optional<int64_t> last_step;
  };
  explicit StopAtStepHook(Options options) : options_(options) {}

  // InvalidArgument if the options are not as said above.
  Status Begin(const HookContext& context) override;
  Status AfterCreateSession(tf::Session* session, int64_t global_step) override;
  Status AfterStep(tf::Session* session, const StepResult& step) override;
  bool WantsStop() const override { return stop_; }

 private:
  const Options options_;
  std::optional<int64_t> last_step_;
  bool stop_ = false;
};

}  // namespace trainyard::train

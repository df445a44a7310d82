// Stops a training that has diverged.
#pragma once

#include "train/hooks/training_hook.h"

namespace trainyard::train {

// Ends training with an error when the loss is infinite or not a number. Every training process has
// one, first of all hooks, so that bad weights never replace a good checkpoint (Estimator's
// NanTensorHook runs after the saver, and comes too late for that). Thread-compatible.
class NanHook : public TrainingHook {
 public:
  Status AfterStep(tf::Session* session, const StepResult& step) override;
};

}  // namespace trainyard::train

// What happens around training steps: saving, writing summaries, reporting.
#pragma once

#include <cstdint>
#include <vector>

#include "base/status.h"
#include "tf/session.h"

namespace trainyard::train {

// One finished training step.
struct StepResult {
  int64_t global_step = 0;  // after the step; other replicas' steps count as well
  float loss = 0;
  // The model's scalar summaries, in its order, in the steps for which a hook wanted them.
  std::vector<float> summaries;
};

// As tf.estimator.SessionRunHook, cut to what needs no change of the graph. Hooks are called in
// order, from the training thread. A failure ends training with that status.
class TrainingHook {
 public:
  virtual ~TrainingHook() = default;
  // A session is ready to train at `global_step`: at the start, and after each recovery.
  virtual Status AfterCreateSession(tf::Session* /*session*/, int64_t /*global_step*/) {
    return OkStatus();
  }
  // Whether the step that leads to about `global_step` should fetch the summaries.
  virtual bool WantsSummaries(int64_t /*global_step*/) { return false; }
  virtual Status AfterStep(tf::Session* /*session*/, const StepResult& /*step*/) {
    return OkStatus();
  }
  // Training ends in good order: all steps done, the data ended, or a stop was asked for.
  virtual Status End(tf::Session* /*session*/, int64_t /*global_step*/) { return OkStatus(); }
};

}  // namespace trainyard::train

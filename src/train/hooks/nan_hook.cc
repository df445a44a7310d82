#include "train/hooks/nan_hook.h"

#include <cmath>

namespace trainyard::train {

Status NanHook::AfterStep(tf::Session* /*session*/, const StepResult& step) {
  if (std::isfinite(step.loss)) return OkStatus();
  return InternalError(
      "NaN loss during training: the model diverged at step {} with loss = {}; lower the "
      "learning rate or check the data (the last checkpoint is from before)",
      step.global_step, step.loss);
}

}  // namespace trainyard::train

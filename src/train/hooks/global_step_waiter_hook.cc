#include "train/hooks/global_step_waiter_hook.h"

#include <thread>

#include "base/log.h"
#include "train/loop/stop_signal.h"

namespace trainyard::train {

Status GlobalStepWaiterHook::Begin(const HookContext& context) {
  global_step_ = context.global_step;
  return OkStatus();
}

Status GlobalStepWaiterHook::AfterCreateSession(tf::Session* session, int64_t global_step) {
  constexpr std::chrono::milliseconds kInterval(200);
  const auto deadline = std::chrono::steady_clock::now() + timeout_;
  if (global_step >= wait_until_step_) return OkStatus();
  LogInfo("Waiting for global step {} before starting training; it is {}.", wait_until_step_,
          global_step);
  while (global_step < wait_until_step_) {
    if (StopRequested())
      return CancelledError("asked to stop while waiting for global step {}", wait_until_step_);
    if (std::chrono::steady_clock::now() >= deadline) {
      return UnavailableError("the global step is {} and did not get to {} within {} s",
                              global_step, wait_until_step_, timeout_.count());
    }
    std::this_thread::sleep_for(kInterval);
    ASSIGN_OR_RETURN(const std::vector<tf::Tensor> values, session->Run({}, {global_step_}, {}));
    global_step = values[0].scalar<int64_t>();
  }
  LogInfo("Done waiting: the global step is {}.", global_step);
  return OkStatus();
}

}  // namespace trainyard::train

#include "serving/run_limits.h"

namespace trainyard::serving {

Status RunLimits::Check(TimePoint now) const {
  if (is_cancelled && is_cancelled()) {
    return CancelledError("the client has cancelled the request");
  }
  if (deadline && now >= *deadline) {
    return DeadlineExceededError("Timed out waiting for notification");
  }
  return OkStatus();
}

}  // namespace trainyard::serving

// What is worth telling about a job besides its conditions: a Kubernetes Event, or a line of a
// local run's history.
//
// Plain values; thread-compatible. Reasons, types and messages are those of the TFJob controller of
// training-operator v1.9.
#pragma once

#include <optional>
#include <string>

#include "job/replica.h"

namespace trainyard::job {

struct Event {
  bool is_warning = false;
  std::string reason;  // "TFJobRestarting", "ExitedWithCode", ...
  std::string message;
  std::optional<ReplicaId> replica;  // none: about the job as a whole

  friend bool operator==(const Event&, const Event&) = default;
};

}  // namespace trainyard::job

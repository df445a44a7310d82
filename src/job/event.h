// What is worth telling about a job besides its conditions: a Kubernetes Event, or a line of a
// local run's history.
//
// Plain values; thread-compatible. Reasons, types and messages are those of the TFJob controller of
// training-operator v1.9.
#pragma once

#include <optional>
#include <string>

#include "job/replica.h"
#include "job/status.h"
#include "spec/tfjob.h"

namespace trainyard::job {

struct Event {
  bool is_warning = false;
  std::string reason;  // "TFJobRestarting", "ExitedWithCode", ...
  std::string message;
  std::optional<ReplicaId> replica;  // none: about the job as a whole
  bool is_routine = false;           // an end with code 0, which the replica's state says as well

  friend bool operator==(const Event&, const Event&) = default;
};

// What a condition says, told once.
Event ToEvent(const Condition& condition, bool is_warning);

// "mnist-worker-1": what a replica's pod and Service are called.
std::string PodName(const spec::TFJob& job, const ReplicaId& id);

// Once for each end of an instance whose exit code is known, that of a restart in place included.
Event ExitedWithCode(const spec::TFJob& job, const ReplicaId& id, int exit_code);

// Of a replica that does not get to run; reason and message are those of `cause`, as in
// "ImagePullBackOff: no such image".
Event Stuck(const spec::TFJob& job, const ReplicaId& id, const std::string& cause);

// Once, when the job is first seen: a template's own restartPolicy means nothing.
Event RestartPolicyIsOverwritten();

}  // namespace trainyard::job

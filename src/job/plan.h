// The whole behaviour of a TFJob, as one pure function: what exists and what time it is go in, what
// to do and the new status come out.
//
//   JobStatus status;
//   while (true) {
//     PlanResult plan = Plan(job, status, Observe(), clock.now());
//     status = plan.status;   // kept first: an action taken and forgotten is taken for an accident
//     Apply(plan.actions);
//     if (plan.done) break;
//     WaitForChangeOrUntil(plan.wake_at);
//   }
//
// Level-based: nothing depends on having been called for every change. Called twice with the same
// views it gives the same actions again, which the caller performs or has already performed; called
// late it catches up. No I/O, no clock, no memory but JobStatus; thread-safe.
//
// The rules are those of training-operator v1.9 (docs/contracts/tfjob.md), with its defects mended:
// a disruption is no failure, a replica that succeeded never runs again, backoffLimit counts every
// restart, Succeeded and Failed exclude each other, and an evaluator may finish its last
// evaluation. A job whose managedBy names another controller is left alone altogether.
//
// plan.cc reads top-down; each step has a file: rules.h (who decides, which ends are final),
// observe.h, outcome.h (success and failure), start.h, suspend.h (scaling, too), cleanup.h,
// progress.h (Running, Restarting, counts).
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <vector>

#include "job/event.h"
#include "job/replica.h"
#include "job/restart.h"
#include "job/status.h"
#include "spec/tfjob.h"

namespace trainyard::job {

// kStart: bring this instance into being, unless it is there; what is left of an older, ended one
// of the same replica (a pod, whose name is needed) goes first. kStop: end the active instance,
// with its grace period. kRemove: clear away what is left of an ended instance (nothing, for a
// process).
//
// For pods: kStart creates pod and Service; kStop deletes the pod, unless StoppedPodsStay();
// kRemove deletes an ended pod; Services follow NeedsService() (both in cleanup.h). Each is asked
// for again until it is seen to have happened.
struct Action {
  enum class Kind { kStart, kStop, kRemove };
  Kind kind = Kind::kStart;
  ReplicaId id;
  int instance = 0;

  friend bool operator==(const Action&, const Action&) = default;
};

struct PlanOptions {
  RestartDelays restart_delays;

  // How long after success replicas of each kind may end by themselves before they are stopped.
  std::chrono::milliseconds ps_grace{10'000};
  std::chrono::milliseconds worker_grace{10'000};
  std::chrono::milliseconds evaluator_grace{120'000};

  // Stop every replica when the job ends, whatever cleanPodPolicy says: a local run leaves no
  // process. Otherwise None leaves running what is no parameter server.
  bool stop_everything = false;

  // How long a replica may wait to run before the cause, where it is known, is told.
  std::chrono::milliseconds stuck_after{10'000};

  // Leave alone a job that managedBy gives to another controller. A local run is nobody else's.
  bool honours_managed_by = true;
};

struct PlanResult {
  std::vector<Action> actions;
  JobStatus status;
  // What has happened since `before`, once for each fact: repeated only if the status is planned
  // from again because it could not be kept.
  std::vector<Event> events;
  // When to plan again if nothing changes before.
  std::optional<TimePoint> wake_at;
  // The job has ended and there is nothing left to stop.
  bool done = false;
  // ttlSecondsAfterFinished is over: the job itself is to be deleted.
  bool is_expired = false;
};

// `seen` holds the newest instance of each replica that exists, in any order; one whose start is
// under way counts as kPending. A replica that was started and is not there any more was ended from
// outside.
PlanResult Plan(const spec::TFJob& job, const JobStatus& before, std::span<const ReplicaView> seen,
                TimePoint now, const PlanOptions& options = {});

}  // namespace trainyard::job

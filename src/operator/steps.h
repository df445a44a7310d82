// From what Plan() wants to what the API server is asked for, in which order.
//
// Pure, thread-safe; the effects are in apply.h.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "job/plan.h"
#include "operator/job_object.h"
#include "operator/pod_view.h"

namespace trainyard::operators {

// What is there of one job. Only what the job owns, by uid, and of which its labels say which
// replica it is of.
struct Owned {
  std::vector<std::shared_ptr<const PodView>> pods;  // in the order of their replicas
  std::vector<std::shared_ptr<const ServiceView>> services;

  std::vector<job::ReplicaView> views() const;
  const PodView* FindPod(const job::ReplicaId& id) const;  // null if there is none
};

struct CreateStep {
  job::ReplicaId id;
  int instance = 0;

  friend bool operator==(const CreateStep&, const CreateStep&) = default;
};

// A pod to be deleted or ended; a Service to be deleted.
struct EndStep {
  std::string name;
  std::string uid;

  friend bool operator==(const EndStep&, const EndStep&) = default;
};

struct Steps {
  std::vector<EndStep> delete_pods;
  std::vector<EndStep> end_pods;  // end where they are and keep their logs
  std::vector<CreateStep> create_pods;
  std::vector<job::ReplicaId> create_services;
  std::vector<EndStep> delete_services;
  bool delete_all_services =
      false;  // delete_services are all that the job has: one request does it

  bool empty() const {
    return delete_pods.empty() && end_pods.empty() && create_pods.empty() &&
           create_services.empty() && delete_services.empty();
  }
  // Nothing but first instances is begun. Then the status may be written at the same time: should
  // it be lost, the pods tell the same.
  bool are_first_starts() const;
};

// Pods that are being deleted already are left alone, and one in whose place another is to start is
// waited for: its name is free only when it is gone. Services live as long as NeedsService() says;
// those of a finished job go all at once, when the last is not needed any more.
Steps PlanSteps(const LoadedJob& loaded, const job::PlanResult& plan, const Owned& owned);

// Leaves out what would be created beyond the first `replicas`, so that a huge job comes in parts
// and others in between; false if nothing was left out.
bool KeepFirst(size_t replicas, Steps* steps);

}  // namespace trainyard::operators

// A pod or Service of a job as the informer keeps it: the few fields that decisions need.
//
// Plain values and pure functions; thread-safe.
#pragma once

#include <optional>
#include <string>

#include "job/replica.h"
#include "kube/compact_uid.h"
#include "kube/fields.h"
#include "kube/object.h"

namespace trainyard::operators {

struct PodView {
  std::string name;
  std::string uid;
  kube::CompactUid owner_uid;  // of the TFJob
  std::string job_key;         // "namespace/name" of the TFJob, by the pod's labels
  std::string node;
  std::string container;  // the one that counts, by its status; "tensorflow" before there is one
  bool has_id = false;    // its labels name a replica, which `replica.id` then is
  bool is_told_to_end = false;               // it has an activeDeadlineSeconds of 1
  std::optional<job::TimePoint> deleted_at;  // metadata.deletionTimestamp: when its grace is over
  job::ReplicaView replica;
};

// How a pod's state is read:
//
// - The container named `tensorflow` (else the first) decides, not the pod's phase, so that a
//   sidecar neither holds up a job's end nor fails it. One that has ended and that the kubelet will
//   not restart has ended the replica; what still runs beside it lingers.
// - A pod that ends while it is being deleted, that was evicted, preempted, lost with its node or
//   refused by a kubelet was disrupted: it is no failure of its own. Nor is it a success if it
//   ended with 0 after it was told to end: its work may not have been done. One that had ended
//   before it was deleted has ended by itself.
// - One that is being deleted but still runs is still there: two of a replica never run at once.
PodView ToPodView(const kube::Json& pod);
const kube::Fields& PodFields();  // what ToPodView() reads

struct ServiceView {
  std::string name;
  std::string uid;
  kube::CompactUid owner_uid;
  std::string job_key;
  std::optional<job::ReplicaId> id;
};

ServiceView ToServiceView(const kube::Json& service);
const kube::Fields& ServiceFields();  // what ToServiceView() reads

}  // namespace trainyard::operators

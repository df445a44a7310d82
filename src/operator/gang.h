// All of a job's pods or none: PodGroups of Volcano and of scheduler-plugins.
//
// Pure, thread-safe. As training-operator v1.9: scheduling.volcano.sh/v1beta1 for the scheduler
// named "volcano", whose pods are held back until the group is admitted;
// scheduling.x-k8s.io/v1alpha1 for any other.
#pragma once

#include <string>
#include <string_view>

#include "job/replica.h"
#include "kube/object.h"
#include "kube/resource.h"
#include "operator/job_object.h"
#include "spec/tfjob.h"

namespace trainyard::operators {

kube::Resource PodGroups(std::string_view scheduler_name);

// The group of the job, named as it and owned by it. minMember is schedulingPolicy.minAvailable or
// the number of replicas; minResources the policy's, or what that many pods ask for, those of the
// first replica types before others (limits where there are no requests).
kube::Json BuildPodGroup(const LoadedJob& loaded, std::string_view scheduler_name);

// Marks the pod as one of its job's group. Nothing for an empty scheduler name.
void JoinGang(const spec::TFJob& job, const job::ReplicaId& id, std::string_view scheduler_name,
              kube::Json* pod);

// Whether pods may be created: Volcano's queue has room for the group.
bool IsAdmitted(const kube::Json& pod_group, std::string_view scheduler_name);

}  // namespace trainyard::operators

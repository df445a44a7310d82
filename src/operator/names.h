// How the objects of a TFJob are named and marked, so that they can be found again: by us, by the
// Python SDK and by dashboards that were written for training-operator v1.9.
//
// Pure, thread-safe.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "job/replica.h"
#include "kube/object.h"
#include "kube/resource.h"
#include "spec/tfjob.h"

namespace trainyard::operators {

inline const kube::Resource kTFJobs{.group = "kubeflow.org", .plural = "tfjobs"};

inline constexpr std::string_view kOperatorNameLabel = "training.kubeflow.org/operator-name";
inline constexpr std::string_view kOperatorName = "tfjob-controller";
inline constexpr std::string_view kJobNameLabel = "training.kubeflow.org/job-name";
inline constexpr std::string_view kReplicaTypeLabel = "training.kubeflow.org/replica-type";
inline constexpr std::string_view kReplicaIndexLabel = "training.kubeflow.org/replica-index";
inline constexpr std::string_view kJobRoleLabel = "training.kubeflow.org/job-role";
// Ours: which life of the replica a pod is (job::ReplicaView::instance).
inline constexpr std::string_view kInstanceLabel = "trainyard.dev/instance";

// "training.kubeflow.org/operator-name=tfjob-controller": every pod and Service of every TFJob.
std::string OwnedSelector();
// The same for one job.
std::string JobSelector(std::string_view job_name);

using Labels = std::map<std::string, std::string, std::less<>>;

// What pod and Service of a replica carry, and what the Service selects its pod by.
Labels ReplicaLabels(const spec::TFJob& job, const job::ReplicaId& id);

// Which replica an object with these labels belongs to; nullopt if they do not say.
std::optional<job::ReplicaId> ReadReplicaId(const kube::Json& object);

// The replica that tools look at first: the (only) chief or master, else the first worker.
bool HasMasterRole(const spec::TFJob& job, const job::ReplicaId& id);

// metadata.ownerReferences of everything that a job owns: with it gone, they go.
kube::Json OwnerReferences(const spec::TFJob& job);

// "mnist-worker-0.team.svc:2222"; the cluster's domain, if there is one, after "svc".
std::string ReplicaAddress(const spec::TFJob& job, const job::ReplicaId& id,
                           std::string_view cluster_domain);

}  // namespace trainyard::operators

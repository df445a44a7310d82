// The pods and Services that a job wants, as the API server is asked for them.
//
// Pure, thread-safe. As training-operator v1.9 makes them (docs/contracts/tfjob.md), except: the
// Service resolves before its pod is ready, its ports have a fixed order and no number twice, and a
// pod carries its instance number.
#pragma once

#include <string>

#include "job/replica.h"
#include "kube/object.h"
#include "operator/job_object.h"
#include "spec/cluster_spec.h"

namespace trainyard::operators {

struct BuildOptions {
  std::string cluster_domain;  // "cluster.local": put after "svc" in TF_CONFIG's addresses
  std::string
      gang_scheduler_name{};  // "volcano", or another that knows scheduler-plugins' PodGroup
};

// The address of every replica, for TF_CONFIG: the same for all pods of a job, so built once.
spec::ClusterSpec BuildClusterSpec(const spec::TFJob& job, const BuildOptions& options);

kube::Json BuildPod(const LoadedJob& loaded, const job::ReplicaId& id, int instance,
                    const spec::ClusterSpec& cluster, const BuildOptions& options);

kube::Json BuildService(const spec::TFJob& job, const job::ReplicaId& id);

// For a template that names a scheduler of its own while gang scheduling is on.
bool HasOtherScheduler(const LoadedJob& loaded, const BuildOptions& options);

}  // namespace trainyard::operators

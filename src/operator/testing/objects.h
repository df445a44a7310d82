// TFJobs and pods as an API server shows them, for tests.
#pragma once

#include <string>

#include "kube/object.h"
#include "operator/job_object.h"

namespace trainyard::operators::testing {

// A TFJob team/mnist of a chief, `workers` workers and a parameter server, of kubeflow.org/v1.
inline kube::Json TFJob(int workers = 2) {
  const auto replica = [](int count) {
    return kube::Json{
        {"replicas", count},
        {"restartPolicy", "OnFailure"},
        {"template",
         {{"metadata", {{"labels", {{"team", "a"}}}}},
          {"spec", {{"containers", {{{"name", "tensorflow"}, {"image", "digits:1"}}}}}}}}};
  };
  return {{"apiVersion", "kubeflow.org/v1"},
          {"kind", "TFJob"},
          {"metadata",
           {{"name", "mnist"},
            {"namespace", "team"},
            {"uid", "job-uid"},
            {"resourceVersion", "7"},
            {"generation", 1},
            {"creationTimestamp", "2026-11-25T21:00:00Z"}}},
          {"spec",
           {{"tfReplicaSpecs",
             {{"Chief", replica(1)}, {"Worker", replica(workers)}, {"PS", replica(1)}}}}}};
}

// A pod of it that the kubelet has told nothing about.
inline kube::Json Pod(const std::string& type, int index, int instance = 0) {
  return {{"kind", "Pod"},
          {"metadata",
           {{"name", "mnist-" + type + "-" + std::to_string(index)},
            {"namespace", "team"},
            {"uid", "pod-uid-" + type + std::to_string(index) + "-" + std::to_string(instance)},
            {"creationTimestamp", "2026-11-25T21:00:01Z"},
            {"labels",
             {{"training.kubeflow.org/operator-name", "tfjob-controller"},
              {"training.kubeflow.org/job-name", "mnist"},
              {"training.kubeflow.org/replica-type", type},
              {"training.kubeflow.org/replica-index", std::to_string(index)},
              {"trainyard.dev/instance", std::to_string(instance)}}},
            {"ownerReferences",
             {{{"kind", "TFJob"}, {"name", "mnist"}, {"uid", "job-uid"}, {"controller", true}}}}}},
          {"spec", {{"restartPolicy", "Never"}}},
          {"status", {{"phase", "Pending"}}}};
}

inline kube::Json Running(kube::Json pod) {
  pod["status"] = {{"phase", "Running"},
                   {"containerStatuses",
                    {{{"name", "tensorflow"},
                      {"restartCount", 0},
                      {"state", {{"running", {{"startedAt", "2026-11-25T21:00:02Z"}}}}}}}}};
  return pod;
}

inline kube::Json Ended(kube::Json pod, int exit_code) {
  pod["status"] = {{"phase", exit_code == 0 ? "Succeeded" : "Failed"},
                   {"containerStatuses",
                    {{{"name", "tensorflow"},
                      {"restartCount", 0},
                      {"state",
                       {{"terminated",
                         {{"exitCode", exit_code},
                          {"startedAt", "2026-11-25T21:00:02Z"},
                          {"finishedAt", "2026-11-25T21:05:00Z"}}}}}}}}};
  return pod;
}

}  // namespace trainyard::operators::testing

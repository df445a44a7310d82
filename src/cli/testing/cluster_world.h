// A cluster in memory with the TFJob team/mnist (a chief, a worker, a parameter server) in it, for
// tests of what shows it.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "cli/cluster/cluster_flags.h"
#include "kube/testing/fake_api.h"
#include "operator/names.h"
#include "operator/testing/objects.h"

namespace trainyard::cli::testing {

using kube::Json;

class ClusterWorld {
 public:
  ClusterWorld() {
    auto api = std::make_unique<kube::testing::FakeApi>();
    api_ = api.get();
    cluster_.client = std::move(api);
    cluster_.timers = kube::TimerQueue::Start();
    cluster_.name_space = "team";
    Json job = operators::testing::TFJob(1);
    job["metadata"] = {{"name", "mnist"}, {"namespace", "team"}};
    job_uid_ = kube::Uid(api_->outsider().Create(operators::kTFJobs, "team", job).value());
    SetCondition("Running");
  }

  const Cluster& cluster() const { return cluster_; }
  kube::testing::FakeApi& api() { return *api_; }

  // The job's last condition.
  void SetCondition(const std::string& type) {
    const Json condition = {
        {"type", type}, {"status", "True"}, {"reason", "TFJob" + type}, {"message", "m"}};
    Patch(operators::kTFJobs, "mnist", {{"conditions", {condition}}});
  }

  // A pod in the state that operator/testing/objects.h gives it.
  void Add(Json pod) {
    const Json status = pod["status"];
    pod["metadata"]["ownerReferences"][0]["uid"] = job_uid_;
    pod["spec"]["containers"] = {{{"name", "tensorflow"}}};
    (void)api_->outsider().Create(kube::kPods, "team", pod).value();
    Patch(kube::kPods, kube::Name(pod), status);
  }
  // The same pod, in another state.
  void Set(const Json& pod) { Patch(kube::kPods, kube::Name(pod), pod["status"]); }

 private:
  void Patch(const kube::Resource& resource, const std::string& name, const Json& status) {
    (void)api_->outsider()
        .Patch(resource, "team", name, kube::PatchType::kMerge, {{"status", status}}, "status")
        .value();
  }

  Cluster cluster_;
  kube::testing::FakeApi* api_ = nullptr;  // owned by cluster_
  std::string job_uid_;
};

// The pod waits because of this.
inline Json Waiting(Json pod, const std::string& reason, const std::string& message) {
  pod["status"] = {{"phase", "Pending"},
                   {"containerStatuses",
                    {{{"name", "tensorflow"},
                      {"restartCount", 0},
                      {"state", {{"waiting", {{"reason", reason}, {"message", message}}}}}}}}};
  return pod;
}

}  // namespace trainyard::cli::testing

// The cluster as the operator sees it: the TFJobs, and the pods and Services of TFJobs, of all
// namespaces or of some.
//
// Thread-safe after Start().
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "kube/informer.h"
#include "operator/job_object.h"
#include "operator/pod_view.h"
#include "operator/steps.h"

namespace trainyard::operators {

struct CacheOptions {
  std::vector<std::string> namespaces{};  // empty: all
  bool streaming_list = true;

  // The job of this key may need work, now or (`is_urgent` false) soon.
  std::function<void(const std::string& key, bool is_urgent)> on_change{};
  std::function<void(const JobObject&)> on_job_deleted{};
  std::function<void(const Status&)> on_trouble{};
};

class Cache {
 public:
  // `api` and `timers` are borrowed.
  Cache(kube::Api* api, kube::TimerQueue* timers, CacheOptions options);

  Status WaitUntilSynced(std::chrono::milliseconds timeout) const;
  bool is_synced() const;

  std::shared_ptr<const JobObject> GetJob(const std::string& key) const;
  Owned GetOwned(const JobObject& job) const;
  std::vector<std::shared_ptr<const JobObject>> Jobs() const;

  // What the API server has answered to a write.
  void UpsertJob(const kube::Json& object);
  void UpsertPod(const kube::Json& object);
  void UpsertService(const kube::Json& object);
  void RemoveService(const std::string& name_space, const EndStep& service);
  void RemovePod(const std::string& name_space, const EndStep& pod);

 private:
  struct Namespace {
    std::unique_ptr<kube::Informer<JobObject>> jobs;
    std::unique_ptr<kube::Informer<PodView>> pods;
    std::unique_ptr<kube::Informer<ServiceView>> services;
  };

  void Follow(kube::Api* api, kube::TimerQueue* timers, const std::string& name_space);
  const Namespace* Of(const std::string& name_space) const;

  const CacheOptions options_;
  std::map<std::string, Namespace> namespaces_;  // "": all of them
};

}  // namespace trainyard::operators

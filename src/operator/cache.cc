#include "operator/cache.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "operator/names.h"

namespace trainyard::operators {
namespace {

// Between attempts to read a cluster that does not answer. An operator is one client, not a
// thousand kubelets: it may ask soon again.
constexpr std::chrono::seconds kLongestDelay{5};

// A pod changes often in ways that mean nothing here.
bool MeansTheSame(const PodView& a, const PodView& b) {
  const job::ReplicaView& x = a.replica;
  const job::ReplicaView& y = b.replica;
  return a.uid == b.uid && a.deleted_at == b.deleted_at && a.is_told_to_end == b.is_told_to_end &&
         x.phase == y.phase && x.exit_code == y.exit_code && x.disrupted == y.disrupted &&
         x.waiting_for == y.waiting_for && x.lingers == y.lingers &&
         x.in_place_restarts == y.in_place_restarts;
}

std::string NamespaceOf(const std::string& key) { return key.substr(0, key.find('/')); }

}  // namespace

Cache::Cache(kube::Api* api, kube::TimerQueue* timers, CacheOptions options)
    : options_(std::move(options)) {
  if (options_.namespaces.empty()) Follow(api, timers, "");
  for (const std::string& name : options_.namespaces) Follow(api, timers, name);
}

void Cache::Follow(kube::Api* api, kube::TimerQueue* timers, const std::string& name_space) {
  Namespace& followed = namespaces_[name_space];
  kube::ReflectorOptions jobs{.resource = kTFJobs,
                              .name_space = name_space,
                              .streaming_list = options_.streaming_list,
                              .longest_delay = kLongestDelay};
  followed.jobs = std::make_unique<kube::Informer<JobObject>>(
      api, timers, jobs,
      kube::Informer<JobObject>::Handlers{
          .project =
              [](const kube::Json& object) {
                return ToJobObject(object, std::chrono::system_clock::now());
              },
          .on_change =
              [this](const std::string& key, const auto& before, const auto& after) {
                if (after == nullptr) options_.on_job_deleted(*before);
                const bool is_urgent = before == nullptr || after == nullptr ||
                                       before->generation != after->generation;
                options_.on_change(key, is_urgent);
              },
          .on_trouble = options_.on_trouble});

  kube::ReflectorOptions pods{.resource = kube::kPods,
                              .name_space = name_space,
                              .label_selector = OwnedSelector(),
                              .fields = PodFields(),
                              .streaming_list = options_.streaming_list,
                              .longest_delay = kLongestDelay};
  followed.pods = std::make_unique<kube::Informer<PodView>>(
      api, timers, pods,
      kube::Informer<PodView>::Handlers{
          .project = ToPodView,
          .group = [](const PodView& pod) { return pod.job_key; },
          .on_change =
              [this](const std::string&, const auto& before, const auto& after) {
                if (before != nullptr && after != nullptr && MeansTheSame(*before, *after)) return;
                options_.on_change(after != nullptr ? after->job_key : before->job_key, false);
              },
          .on_trouble = options_.on_trouble});

  kube::ReflectorOptions services{.resource = kube::kServices,
                                  .name_space = name_space,
                                  .label_selector = OwnedSelector(),
                                  .fields = ServiceFields(),
                                  .metadata_only = true,
                                  .streaming_list = options_.streaming_list,
                                  .longest_delay = kLongestDelay};
  followed.services = std::make_unique<kube::Informer<ServiceView>>(
      api, timers, services,
      kube::Informer<ServiceView>::Handlers{
          .project = ToServiceView,
          .group = [](const ServiceView& service) { return service.job_key; },
          .on_change =
              [this](const std::string&, const auto& before, const auto& after) {
                // One more is what we made ourselves; one less may be missed.
                if (after == nullptr) options_.on_change(before->job_key, false);
              },
          .on_trouble = options_.on_trouble});
}

const Cache::Namespace* Cache::Of(const std::string& name_space) const {
  const auto all = namespaces_.find("");
  const auto found = all != namespaces_.end() ? all : namespaces_.find(name_space);
  return found == namespaces_.end() ? nullptr : &found->second;
}

Status Cache::WaitUntilSynced(std::chrono::milliseconds timeout) const {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  const auto left = [&] {
    return std::max(std::chrono::milliseconds(1),
                    std::chrono::duration_cast<std::chrono::milliseconds>(
                        deadline - std::chrono::steady_clock::now()));
  };
  for (const auto& [name, followed] : namespaces_) {
    RETURN_IF_ERROR(followed.jobs->WaitUntilSynced(left()));
    RETURN_IF_ERROR(followed.pods->WaitUntilSynced(left()));
    RETURN_IF_ERROR(followed.services->WaitUntilSynced(left()));
  }
  return OkStatus();
}

bool Cache::is_synced() const {
  return std::all_of(namespaces_.begin(), namespaces_.end(), [](const auto& entry) {
    return entry.second.jobs->is_synced() && entry.second.pods->is_synced() &&
           entry.second.services->is_synced();
  });
}

std::shared_ptr<const JobObject> Cache::GetJob(const std::string& key) const {
  const Namespace* followed = Of(NamespaceOf(key));
  return followed == nullptr ? nullptr : followed->jobs->Get(key);
}

Owned Cache::GetOwned(const JobObject& job) const {
  Owned owned;
  const Namespace* followed = Of(job.name_space);
  if (followed == nullptr) return owned;
  const kube::CompactUid uid = kube::ToCompactUid(job.uid);
  owned.pods = followed->pods->Group(job.key());
  std::erase_if(owned.pods, [&](const auto& pod) { return pod->owner_uid != uid || !pod->has_id; });
  std::sort(owned.pods.begin(), owned.pods.end(),
            [](const auto& a, const auto& b) { return a->replica.id < b->replica.id; });
  owned.services = followed->services->Group(job.key());
  std::erase_if(owned.services,
                [&](const auto& service) { return service->owner_uid != uid || !service->id; });
  return owned;
}

std::vector<std::shared_ptr<const JobObject>> Cache::Jobs() const {
  std::vector<std::shared_ptr<const JobObject>> jobs;
  for (const auto& [name, followed] : namespaces_) {
    for (auto& [key, job] : followed.jobs->All()) jobs.push_back(std::move(job));
  }
  return jobs;
}

void Cache::UpsertJob(const kube::Json& object) {
  if (const Namespace* followed = Of(kube::Namespace(object))) followed->jobs->Upsert(object);
}

void Cache::UpsertPod(const kube::Json& object) {
  if (const Namespace* followed = Of(kube::Namespace(object))) followed->pods->Upsert(object);
}

void Cache::UpsertService(const kube::Json& object) {
  if (const Namespace* followed = Of(kube::Namespace(object))) followed->services->Upsert(object);
}

void Cache::RemoveService(const std::string& name_space, const EndStep& service) {
  if (const Namespace* followed = Of(name_space)) {
    followed->services->Remove(name_space + "/" + service.name, service.uid);
  }
}

void Cache::RemovePod(const std::string& name_space, const EndStep& pod) {
  if (const Namespace* followed = Of(name_space)) {
    followed->pods->Remove(name_space + "/" + pod.name, pod.uid);
  }
}

}  // namespace trainyard::operators

#include "operator/steps.h"

#include <algorithm>
#include <set>

#include "job/cleanup.h"

namespace trainyard::operators {
namespace {

void StopPod(const LoadedJob& loaded, const job::JobStatus& status, const PodView& pod,
             Steps* steps) {
  if (pod.deleted_at) return;
  if (!job::StoppedPodsStay(loaded.job, status)) {
    steps->delete_pods.push_back({pod.name, pod.uid});
  } else if (!pod.is_told_to_end) {
    steps->end_pods.push_back({pod.name, pod.uid});
  }
}

void StartPod(const job::Action& action, const PodView* pod, Steps* steps) {
  if (pod != nullptr) {
    if (pod->replica.instance >= action.instance) return;  // it is there
    if (pod->deleted_at) return;                           // its end will bring us here again
    steps->delete_pods.push_back({pod->name, pod->uid});
  }
  steps->create_pods.push_back({action.id, action.instance});
}

void PlanServices(const LoadedJob& loaded, const job::PlanResult& plan, const Owned& owned,
                  Steps* steps) {
  std::set<job::ReplicaId> there;
  size_t needed = 0;
  for (const auto& service : owned.services) {
    there.insert(*service->id);
    const PodView* pod = owned.FindPod(*service->id);
    if (job::NeedsService(loaded.job, plan.status, *service->id,
                          pod == nullptr ? nullptr : &pod->replica)) {
      ++needed;
    } else {
      steps->delete_services.push_back({service->name, service->uid});
    }
  }
  if (plan.status.is_finished() || loaded.job.run_policy.suspend) {
    if (needed == 0 && steps->delete_services.size() > 1) {
      steps->delete_all_services = true;
    } else if (!plan.done) {
      steps->delete_services.clear();  // soon, all at once
    }
  }
  for (const auto& [type, replica] : loaded.job.replicas) {
    for (int index = 0; index < replica.replicas; ++index) {
      const job::ReplicaId id{type, index};
      if (there.contains(id) || plan.status.is_finished()) continue;
      if (job::NeedsService(loaded.job, plan.status, id, nullptr)) {
        steps->create_services.push_back(id);
      }
    }
  }
}

}  // namespace

std::vector<job::ReplicaView> Owned::views() const {
  std::vector<job::ReplicaView> views;
  views.reserve(pods.size());
  for (const auto& pod : pods) views.push_back(pod->replica);
  return views;
}

const PodView* Owned::FindPod(const job::ReplicaId& id) const {
  const auto found = std::lower_bound(
      pods.begin(), pods.end(), id,
      [](const auto& pod, const job::ReplicaId& wanted) { return pod->replica.id < wanted; });
  return found == pods.end() || (*found)->replica.id != id ? nullptr : found->get();
}

bool Steps::are_first_starts() const {
  return delete_pods.empty() && end_pods.empty() && delete_services.empty() &&
         std::all_of(create_pods.begin(), create_pods.end(),
                     [](const CreateStep& step) { return step.instance == 0; });
}

Steps PlanSteps(const LoadedJob& loaded, const job::PlanResult& plan, const Owned& owned) {
  Steps steps;
  for (const job::Action& action : plan.actions) {
    const PodView* pod = owned.FindPod(action.id);
    switch (action.kind) {
      case job::Action::Kind::kStart:
        StartPod(action, pod, &steps);
        break;
      case job::Action::Kind::kStop:
        if (pod != nullptr) StopPod(loaded, plan.status, *pod, &steps);
        break;
      case job::Action::Kind::kRemove:
        if (pod != nullptr && !pod->deleted_at) steps.delete_pods.push_back({pod->name, pod->uid});
        break;
    }
  }
  PlanServices(loaded, plan, owned, &steps);
  return steps;
}

bool KeepFirst(size_t replicas, Steps* steps) {
  auto& pods = steps->create_pods;
  auto& services = steps->create_services;
  if (pods.size() <= replicas && services.size() <= replicas) return false;
  if (pods.size() > replicas) pods.resize(replicas);
  if (pods.size() == replicas) {
    std::erase_if(services, [&](const job::ReplicaId& id) { return id > pods.back().id; });
  }
  if (services.size() > replicas) services.resize(replicas);
  return true;
}

}  // namespace trainyard::operators

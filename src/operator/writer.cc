#include "operator/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include "job/event.h"
#include "operator/gang.h"
#include "operator/names.h"

namespace trainyard::operators {
namespace {

using kube::Json;

// What a patch for a pod that is to end where it is says; the kubelet ends it, and it stays with
// its log.
Json EndNow(const EndStep& pod) {
  return {{"metadata", {{"uid", pod.uid}}}, {"spec", {{"activeDeadlineSeconds", 1}}}};
}

bool IsGone(const Status& status) { return status.code() == StatusCode::kNotFound; }

// Whether a node can be expected to end its pods.
bool IsReady(const Json& node) {
  for (const Json& condition : kube::GetList(node, {"status", "conditions"})) {
    if (kube::GetString(condition, {"type"}) == "Ready") {
      return kube::GetString(condition, {"status"}) == "True";
    }
  }
  return false;
}

}  // namespace

bool IsOfEndingNamespace(const Status& status) {
  return status.code() == StatusCode::kFailedPrecondition;  // see kube/api.h
}

struct Writer::Batch {
  std::vector<kube::ApiRequest> requests;
  std::vector<std::function<Status(const Result<std::string>&)>> answers;

  void Add(kube::ApiRequest request, std::function<Status(const Result<std::string>&)> answer) {
    requests.push_back(std::move(request));
    answers.push_back(std::move(answer));
  }
};

Writer::Writer(kube::Api* api, Cache* cache, kube::EventRecorder* events, Metrics* metrics,
               WriterOptions options)
    : api_(api), cache_(cache), events_(events), metrics_(metrics), options_(std::move(options)) {}

kube::ApiRequest Writer::StatusRequest(const LoadedJob& loaded, Json patch) {
  Json body = {
      {"metadata",
       {{"uid", loaded.job.uid},
        {"resourceVersion", kube::GetString(loaded.object, {"metadata", "resourceVersion"})}}},
      {"status", std::move(patch)}};
  return kube::PatchRequest(kTFJobs, loaded.job.name_space, loaded.job.name,
                            kube::PatchType::kMerge, body, "status");
}

Status Writer::WriteStatus(const LoadedJob& loaded, const Json& patch) {
  ASSIGN_OR_RETURN(const Json answer, api_->SendForJson(StatusRequest(loaded, patch)));
  cache_->UpsertJob(answer);
  return OkStatus();
}

Status Writer::Send(Batch* batch) {
  if (batch->requests.empty()) return OkStatus();
  const auto answers = api_->SendAll(batch->requests, options_.max_in_flight);
  Status first;
  for (size_t i = 0; i < answers.size(); ++i) {
    Status status = batch->answers[i](answers[i]);
    if (first.ok()) first = std::move(status);
  }
  return first;
}

Status Writer::Apply(const LoadedJob& loaded, const Steps& steps, const Json* patch) {
  Batch ends;
  AddEnds(loaded, steps, &ends);
  // A pod that is to be replaced must be gone before its name can be used again; one that has ended
  // is gone at once.
  Status status = Send(&ends);
  Batch creates;
  if (patch != nullptr) {
    creates.Add(StatusRequest(loaded, *patch), [this](const Result<std::string>& answer) {
      if (!answer.ok()) return answer.error();
      ASSIGN_OR_RETURN(const Json object, kube::ParseObject("the answer to a patch", *answer));
      cache_->UpsertJob(object);
      return OkStatus();
    });
  }
  AddCreates(loaded, steps, &creates);
  Status created = Send(&creates);
  return status.ok() ? created : status;
}

void Writer::AddEnds(const LoadedJob& loaded, const Steps& steps, Batch* batch) {
  const std::string& name_space = loaded.job.name_space;
  const auto deleted = [&, this](const char* kind, const EndStep& step, bool is_pod) {
    return [this, &loaded, kind, step, is_pod](const Result<std::string>& answer) {
      if (!answer.ok() && !IsGone(answer.error())) {
        // Another object of that name: what was to be deleted is gone.
        if (answer.error().code() == StatusCode::kAborted) return OkStatus();
        Record(loaded, true, fmt::format("FailedDelete{}", kind),
               fmt::format("Error deleting: {}", answer.error().message()));
        return answer.error();
      }
      if (answer.ok()) {
        metrics_->CountObject(is_pod ? "deleted_pods" : "deleted_services");
        // What an ended job leaves behind is cleared away without a word.
        if (is_pod && !loaded.status.is_finished()) {
          Record(loaded, false, "SuccessfulDeletePod", "Deleted pod: " + step.name);
        }
      }
      // The answer is a Status for what is gone, and the pod itself while its grace lasts.
      if (is_pod) {
        const auto object = kube::ParseObject("", answer.ok() ? *answer : "{}", PodFields());
        if (object.ok() && kube::GetString(*object, {"kind"}) == "Pod" &&
            kube::IsBeingDeleted(*object) &&
            kube::GetInt(*object, {"metadata", "deletionGracePeriodSeconds"}) > 0) {
          cache_->UpsertPod(*object);
        } else {
          cache_->RemovePod(loaded.job.name_space, step);
        }
      } else {
        cache_->RemoveService(loaded.job.name_space, step);
      }
      return OkStatus();
    };
  };
  for (const EndStep& step : steps.delete_pods) {
    batch->Add(kube::DeleteRequest(kube::kPods, name_space, step.name, {.uid = step.uid}),
               deleted("Pod", step, true));
  }
  for (const EndStep& step : steps.end_pods) {
    batch->Add(kube::PatchRequest(kube::kPods, name_space, step.name, kube::PatchType::kMerge,
                                  EndNow(step)),
               [this](const Result<std::string>& answer) {
                 if (!answer.ok()) return IsGone(answer.error()) ? OkStatus() : answer.error();
                 ASSIGN_OR_RETURN(const Json pod,
                                  kube::ParseObject("the answer to a patch", *answer, PodFields()));
                 cache_->UpsertPod(pod);
                 return OkStatus();
               });
  }
  if (steps.delete_all_services) {
    batch->Add(kube::DeleteCollectionRequest(kube::kServices, name_space,
                                             {{"labelSelector", JobSelector(loaded.job.name)}}),
               [this, &loaded, &steps](const Result<std::string>& answer) {
                 if (!answer.ok()) return answer.error();
                 for (const EndStep& step : steps.delete_services) {
                   metrics_->CountObject("deleted_services");
                   cache_->RemoveService(loaded.job.name_space, step);
                 }
                 return OkStatus();
               });
    return;
  }
  for (const EndStep& step : steps.delete_services) {
    batch->Add(kube::DeleteRequest(kube::kServices, name_space, step.name, {.uid = step.uid}),
               deleted("Service", step, false));
  }
}

void Writer::AddCreates(const LoadedJob& loaded, const Steps& steps, Batch* batch) {
  const std::string& name_space = loaded.job.name_space;
  // A Service that comes with its pod needs no event of its own.
  const bool tells_services = steps.create_pods.empty();
  const auto created = [&, this](bool is_pod, std::string name) {
    return [this, &loaded, is_pod, is_told = is_pod || tells_services,
            name = std::move(name)](const Result<std::string>& answer) {
      return OnCreated(loaded, is_pod, name, is_told, answer);
    };
  };
  const spec::ClusterSpec cluster = steps.create_pods.empty()
                                        ? spec::ClusterSpec()
                                        : BuildClusterSpec(loaded.job, options_.build);
  // A replica's Service beside its pod: peers can look it up from the start.
  size_t next = 0;
  const auto add_service = [&](const job::ReplicaId& id) {
    kube::ApiRequest request =
        kube::CreateRequest(kube::kServices, name_space, BuildService(loaded.job, id));
    request.accept = kube::kMetadataOnly;
    batch->Add(std::move(request), created(false, job::PodName(loaded.job, id)));
  };
  for (const CreateStep& step : steps.create_pods) {
    for (; next < steps.create_services.size() && steps.create_services[next] <= step.id; ++next) {
      add_service(steps.create_services[next]);
    }
    const Json pod = BuildPod(loaded, step.id, step.instance, cluster, options_.build);
    batch->Add(kube::CreateRequest(kube::kPods, name_space, pod), created(true, kube::Name(pod)));
  }
  for (; next < steps.create_services.size(); ++next) add_service(steps.create_services[next]);
}

Status Writer::OnCreated(const LoadedJob& loaded, bool is_pod, const std::string& name,
                         bool is_told, const Result<std::string>& answer) {
  if (answer.ok()) {
    ASSIGN_OR_RETURN(const Json object, kube::ParseObject("the answer to a create", *answer,
                                                          is_pod ? PodFields() : ServiceFields()));
    if (is_pod) {
      cache_->UpsertPod(object);
    } else {
      cache_->UpsertService(object);
    }
    metrics_->CountObject(is_pod ? "created_pods" : "created_services");
    if (is_told) {
      Record(loaded, false, is_pod ? "SuccessfulCreatePod" : "SuccessfulCreateService",
             fmt::format("Created {}: {}", is_pod ? "pod" : "service", name));
    }
    return OkStatus();
  }
  if (answer.error().code() == StatusCode::kAlreadyExists) return Explain(loaded, is_pod, name);
  if (IsOfEndingNamespace(answer.error())) return answer.error();
  metrics_->CountObject(is_pod ? "failed_pods" : "failed_services");
  Record(loaded, true, is_pod ? "FailedCreatePod" : "FailedCreateService",
         fmt::format("Error creating: {}", answer.error().message()));
  return answer.error();
}

Status Writer::Explain(const LoadedJob& loaded, bool is_pod, const std::string& name) {
  const kube::Resource& resource = is_pod ? kube::kPods : kube::kServices;
  ASSIGN_OR_RETURN(const Json object, api_->Get(resource, loaded.job.name_space, name));
  if (kube::ControllerUid(object) == loaded.job.uid) {
    if (is_pod) {
      cache_->UpsertPod(object);
    } else {
      cache_->UpsertService(object);
    }
    return OkStatus();
  }
  const char* kind = is_pod ? "pod" : "service";
  if (kube::Label(object, kJobNameLabel) == loaded.job.name) {
    return UnavailableError("{} {} of an earlier TFJob of this name is still being deleted", kind,
                            name);
  }
  const Status status = AlreadyExistsError(
      "a {} {} that belongs to no TFJob is in the way; delete it or name the job otherwise", kind,
      name);
  Record(loaded, true, is_pod ? "FailedCreatePod" : "FailedCreateService",
         fmt::format("Error creating: {}", status.message()));
  return status;
}

Result<bool> Writer::AdmitGang(const LoadedJob& loaded) {
  const std::string& scheduler = options_.build.gang_scheduler_name;
  if (scheduler.empty()) return true;
  const kube::Resource groups = PodGroups(scheduler);
  Result<Json> group = api_->Get(groups, loaded.job.name_space, loaded.job.name);
  if (!group.ok() && IsGone(group.error())) {
    group = api_->Create(groups, loaded.job.name_space, BuildPodGroup(loaded, scheduler));
    if (group.ok()) {
      metrics_->CountObject("created_pod_groups");
    } else if (!IsOfEndingNamespace(group.error())) {
      const bool is_unknown = IsGone(group.error());
      Record(loaded, true, "FailedCreatePodGroup",
             fmt::format("Error creating: {}{}", group.error().message(),
                         is_unknown ? "; is the scheduler's PodGroup CRD installed?" : ""));
    }
  }
  if (!group.ok()) return group.error();
  if (kube::ControllerUid(*group) != loaded.job.uid) {
    return UnavailableError("PodGroup {} of an earlier TFJob of this name is still there",
                            loaded.job.name);
  }
  return IsAdmitted(*group, scheduler);
}

Status Writer::DropGang(const LoadedJob& loaded) {
  const std::string& scheduler = options_.build.gang_scheduler_name;
  if (scheduler.empty()) return OkStatus();
  const Status status =
      api_->Delete(PodGroups(scheduler), loaded.job.name_space, loaded.job.name, {});
  if (IsGone(status)) return OkStatus();
  if (!status.ok()) {
    Record(loaded, true, "FailedDeletePodGroup",
           fmt::format("Error deleting: {}", status.message()));
    return status;
  }
  metrics_->CountObject("deleted_pod_groups");
  Record(loaded, false, "SuccessfulDeletePodGroup", "Deleted PodGroup: " + loaded.job.name);
  return OkStatus();
}

Status Writer::DeleteJob(const LoadedJob& loaded) {
  const Status status =
      api_->Delete(kTFJobs, loaded.job.name_space, loaded.job.name, {.uid = loaded.job.uid});
  if (IsGone(status)) return OkStatus();
  if (!status.ok()) {
    Record(loaded, true, "FailedDeleteJob", fmt::format("Error deleting: {}", status.message()));
    return status;
  }
  Record(loaded, false, "SuccessfulDeleteJob", "Deleted job: " + loaded.job.name);
  return OkStatus();
}

Result<bool> Writer::ForceDelete(const LoadedJob& loaded, const PodView& pod) {
  if (!pod.node.empty()) {
    const Result<Json> node = api_->Get(kube::kNodes, "", pod.node);
    // Without the right to look at nodes nothing is taken for lost.
    if (!node.ok() && node.error().code() == StatusCode::kPermissionDenied) return false;
    if (!node.ok() && !IsGone(node.error())) return node.error();
    if (node.ok() && IsReady(*node)) return false;
  }
  const Status status = api_->Delete(kube::kPods, loaded.job.name_space, pod.name,
                                     {.uid = pod.uid, .grace_seconds = 0});
  if (!status.ok() && !IsGone(status)) return status;
  cache_->RemovePod(loaded.job.name_space, {pod.name, pod.uid});
  Record(loaded, true, "NodeLost",
         fmt::format("Pod {} was deleted and its node {} does not answer: taken for ended",
                     pod.name, pod.node));
  return true;
}

void Writer::Record(const LoadedJob& loaded, bool is_warning, std::string reason,
                    std::string note) {
  events_->Record({.api_version = kTFJobs.api_version(),
                   .kind = "TFJob",
                   .name_space = loaded.job.name_space,
                   .name = loaded.job.name,
                   .uid = loaded.job.uid},
                  {.is_warning = is_warning, .reason = std::move(reason), .note = std::move(note)});
}

}  // namespace trainyard::operators

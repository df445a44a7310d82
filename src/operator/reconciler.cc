#include "operator/reconciler.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "job/cleanup.h"
#include "job/rules.h"
#include "operator/names.h"
#include "operator/status_json.h"

namespace trainyard::operators {
namespace {

using job::ConditionType;
using kube::Json;
using std::chrono::milliseconds;

constexpr char kInvalid[] = "InvalidTFJobSpec";
// The fields of the status that are ours to write and to remove; others are left alone.
constexpr const char* kStatusFields[] = {"conditions",     "replicaStatuses", "startTime",
                                         "completionTime", "trainyard",       "phase",
                                         "state",          "reason"};

// What one pass creates at most. With so many requests per pass their time hardly matters, and a
// small job need not wait longer than for these.
constexpr size_t kReplicasPerPass = 64;

bool HasWork(const PodView& pod) { return pod.replica.is_active() || pod.replica.lingers; }

// Nothing is left to do for an ended job. Asked before it is read: ten thousand may lie around.
bool IsSettled(const JobObject& job, const Owned& owned) {
  if (!job.is_finished() || job.expires || job.counts_active || !owned.services.empty()) {
    return false;
  }
  if (job.removes_pods && !owned.pods.empty()) return false;
  return std::none_of(owned.pods.begin(), owned.pods.end(),
                      [](const auto& pod) { return HasWork(*pod); });
}

Json KnownStatus(const Json& object) {
  Json known = Json::object();
  for (const char* key : kStatusFields) {
    if (const Json* value = kube::Find(object, {"status", key})) known[key] = *value;
  }
  return known;
}

bool HasEnded(const job::JobStatus& before, const job::JobStatus& after) {
  return after.is_finished() && !before.is_finished();
}

// In this pass the job has ended, or was suspended.
bool NeedsNoGang(const job::JobStatus& before, const job::JobStatus& after) {
  return HasEnded(before, after) ||
         (after.Is(ConditionType::kSuspended) && !before.Is(ConditionType::kSuspended));
}

}  // namespace

struct Reconciler::Pass {
  std::string key;
  std::shared_ptr<const JobObject> kept;
  Owned owned;
  LoadedJob loaded;
  job::TimePoint now;
  job::PlanResult plan;
  Steps steps;
  std::optional<job::TimePoint> wake_at;

  void WakeAt(job::TimePoint when) { wake_at = std::min(wake_at.value_or(when), when); }
};

Reconciler::Reconciler(kube::Api* api, Cache* cache, Writer* writer, Metrics* metrics,
                       ReconcilerOptions options)
    : api_(api), cache_(cache), writer_(writer), metrics_(metrics), options_(std::move(options)) {}

void Reconciler::Forget(const std::string& key) {
  const std::lock_guard lock(mutex_);
  waiting_since_.erase(key);
  refused_.erase(key);
  ending_.erase(key);
}

Result<LoadedJob> Reconciler::Load(const JobObject& kept) {
  const std::string text = kept.text == nullptr ? "" : kept.text->Get();
  if (!text.empty()) {
    ASSIGN_OR_RETURN(Json object, kube::ParseJson("a TFJob", text));
    return LoadJob(std::move(object));
  }
  ASSIGN_OR_RETURN(Json object, api_->Get(kTFJobs, kept.name_space, kept.name));
  return LoadJob(std::move(object));
}

Result<std::optional<milliseconds>> Reconciler::Reconcile(const std::string& key) {
  Pass pass;
  pass.key = key;
  pass.kept = cache_->GetJob(key);
  if (pass.kept == nullptr || pass.kept->is_being_deleted) {
    Forget(key);  // what it owns goes with it
    return std::nullopt;
  }
  pass.owned = cache_->GetOwned(*pass.kept);
  if (IsSettled(*pass.kept, pass.owned)) {
    if (pass.kept->text != nullptr) pass.kept->text->LetGo();
    Forget(key);
    return std::nullopt;
  }
  ASSIGN_OR_RETURN(pass.loaded, Load(*pass.kept));
  if (pass.loaded.job.uid != pass.kept->uid) return milliseconds(100);  // the cache is behind
  pass.now = options_.now();
  const Status status = pass.loaded.problem.ok() ? Advance(&pass) : Refuse(&pass);
  if (IsOfEndingNamespace(status)) {
    // Not tried again by itself: the job will be deleted, too, and that brings the next pass.
    NoteEndingNamespace(pass);
  } else {
    RETURN_IF_ERROR(status);
  }
  if (!pass.wake_at) return std::nullopt;
  return std::max(milliseconds(1), std::chrono::ceil<milliseconds>(*pass.wake_at - options_.now()));
}

// Said once for a namespace, until the last of these jobs is gone.
void Reconciler::NoteEndingNamespace(const Pass& pass) {
  const std::string prefix = pass.loaded.job.name_space + "/";
  const std::lock_guard lock(mutex_);
  const auto first = ending_.lower_bound(prefix);
  const bool is_said = first != ending_.end() && first->starts_with(prefix);
  ending_.insert(pass.key);
  if (is_said) return;
  LogInfo("namespace {} is being deleted: nothing is created for its TFJobs any more",
          pass.loaded.job.name_space);
}

// A job that cannot be understood fails, with the field's name, unless it has begun: then what runs
// goes on as it was, until the mistake is mended.
Status Reconciler::Refuse(Pass* pass) {
  LoadedJob& loaded = pass->loaded;
  if (loaded.status.is_finished()) return OkStatus();
  const std::string message =
      fmt::format("TFJob {} is invalid: {}", pass->key, loaded.problem.message());
  const bool has_begun = loaded.status.start_time.has_value() || !pass->owned.pods.empty();
  {
    const std::lock_guard lock(mutex_);
    int64_t& told = refused_[pass->key];
    if (has_begun && told == pass->kept->generation) return OkStatus();
    told = pass->kept->generation;
  }
  if (!has_begun) {
    job::SetFailed(kInvalid, message, pass->now, &loaded.status);
    loaded.status.completion_time = pass->now;
    const Json patch =
        kube::MergePatch(KnownStatus(loaded.object), WriteStatus(loaded.job, loaded.status));
    RETURN_IF_ERROR(writer_->WriteStatus(loaded, patch));
    metrics_->CountJob("failed", loaded.job.name_space);
  }
  writer_->Record(loaded, true, kInvalid, message);
  return OkStatus();
}

Status Reconciler::Advance(Pass* pass) {
  LoadedJob& loaded = pass->loaded;
  if (job::IsManagedElsewhere(loaded.job)) return OkStatus();
  pass->plan = job::Plan(loaded.job, loaded.status, pass->owned.views(), pass->now, options_.plan);
  if (pass->plan.is_expired) return writer_->DeleteJob(loaded);
  pass->steps = PlanSteps(loaded, pass->plan, pass->owned);
  pass->wake_at = pass->plan.wake_at;
  if (KeepFirst(kReplicasPerPass, &pass->steps)) pass->WakeAt(pass->now);
  RETURN_IF_ERROR(HoldBackForGang(pass));
  RETURN_IF_ERROR(EndLostPods(pass));

  const Json before = KnownStatus(loaded.object);
  const Json after = WriteStatus(loaded.job, pass->plan.status);
  const Json patch = kube::MergePatch(before, after);
  const bool is_written = !patch.empty() && !MayWait(*pass, before, after);
  const bool together = is_written && !pass->steps.empty() && pass->steps.are_first_starts();
  if (is_written && !together) RETURN_IF_ERROR(KeepStatus(pass, patch));
  if (!pass->steps.empty()) {
    RETURN_IF_ERROR(writer_->Apply(loaded, pass->steps, together ? &patch : nullptr));
  }
  if (together) Tell(*pass);
  if (patch.empty() || is_written) {
    const std::lock_guard lock(mutex_);
    waiting_since_.erase(pass->key);
  } else {
    const std::lock_guard lock(mutex_);
    pass->WakeAt(waiting_since_[pass->key] + options_.count_delay);
  }
  return NeedsNoGang(loaded.status, pass->plan.status) ? writer_->DropGang(loaded) : OkStatus();
}

Status Reconciler::KeepStatus(Pass* pass, const Json& patch) {
  RETURN_IF_ERROR(writer_->WriteStatus(pass->loaded, patch));
  Tell(*pass);
  return OkStatus();
}

// Once for each fact: after it has been kept.
void Reconciler::Tell(const Pass& pass) {
  const LoadedJob& loaded = pass.loaded;
  const job::JobStatus& after = pass.plan.status;
  if (loaded.status.Find(ConditionType::kCreated) == nullptr) {
    metrics_->CountJob("created", loaded.job.name_space);
  }
  if (HasEnded(loaded.status, after)) {
    metrics_->CountJob(after.Is(ConditionType::kSucceeded) ? "successful" : "failed",
                       loaded.job.name_space);
  }
  for (const job::Event& event : pass.plan.events) {
    if (event.reason == job::Reason(loaded.job, "Restarting")) {
      metrics_->CountJob("restarted", loaded.job.name_space);
    }
    // That a pod has ended as it should, its own state says.
    if (!event.is_routine) writer_->Record(loaded, event.is_warning, event.reason, event.message);
  }
}

// Only counts have changed, and not for long.
bool Reconciler::MayWait(const Pass& pass, const Json& before, const Json& after) {
  if (!pass.steps.empty() || !pass.plan.events.empty() || HasNews(before, after)) return false;
  const std::lock_guard lock(mutex_);
  const auto [since, is_first] = waiting_since_.emplace(pass.key, pass.now);
  // The clock may have been put back.
  since->second = std::min(since->second, pass.now);
  return is_first || pass.now - since->second < options_.count_delay;
}

Status Reconciler::HoldBackForGang(Pass* pass) {
  if (pass->steps.create_pods.empty()) return OkStatus();
  ASSIGN_OR_RETURN(const bool is_admitted, writer_->AdmitGang(pass->loaded));
  if (is_admitted) return OkStatus();
  pass->steps.create_pods.clear();
  pass->WakeAt(pass->now + std::chrono::seconds(1));
  return OkStatus();
}

// A pod whose node is lost stays for ever as it was last seen, being deleted; its replica could
// never be started again.
Status Reconciler::EndLostPods(Pass* pass) {
  if (options_.lost_after == milliseconds(0)) return OkStatus();
  for (const auto& pod : pass->owned.pods) {
    if (!pod->deleted_at || !pod->replica.is_active()) continue;
    const job::TimePoint due = *pod->deleted_at + options_.lost_after;
    if (pass->now < due) {
      pass->WakeAt(due);
      continue;
    }
    ASSIGN_OR_RETURN(const bool is_ended, writer_->ForceDelete(pass->loaded, *pod));
    pass->WakeAt(pass->now + (is_ended ? milliseconds(1) : options_.lost_after));
  }
  return OkStatus();
}

}  // namespace trainyard::operators

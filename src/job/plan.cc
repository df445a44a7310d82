#include "job/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace trainyard::job {
namespace {

using spec::ReplicaType;

// One call of Plan(), cut into steps that share its inputs and its result.
class Planner {
 public:
  Planner(const spec::TFJob& job, const JobStatus& before, std::span<const ReplicaView> seen,
          TimePoint now, const PlanOptions& options)
      : job_(job), now_(now), options_(options) {
    result_.status = before;
    for (const ReplicaView& view : seen) {
      const auto [place, is_new] = views_.emplace(view.id, &view);
      if (!is_new && place->second->instance < view.instance) place->second = &view;
    }
  }

  PlanResult Run() {
    SetCreated(job_, now_, &status());
    if (!status().is_finished()) {
      if (job_.run_policy.suspend) {
        Suspend();
      } else {
        Advance();
      }
    }
    if (status().is_finished()) CleanUp();
    Count();
    return std::move(result_);
  }

 private:
  JobStatus& status() { return result_.status; }

  void Advance() {
    if (status().Is(ConditionType::kSuspended)) {
      SetResumed(job_, now_, &status());
      status().start_time = now_;
    }
    if (!status().start_time) status().start_time = now_;
    ScaleDown();
    for (const auto& [type, spec] : job_.replicas) {
      for (int index = 0; index < spec.replicas; ++index) Observe({type, index}, spec);
    }
    if (HasSucceeded()) return SetSucceeded(job_, Finish(), &status());
    if (const std::string failure = Failure(); !failure.empty()) {
      return SetFailed(failure, Finish(), &status());
    }
    StartWaiting();
    UpdateRunning();
  }

  TimePoint Finish() {
    status().completion_time = now_;
    return now_;
  }

  // The type whose success is the job's: Chief or Master, else Worker, else any there is.
  bool Decides(ReplicaType type) const {
    if (job_.NumReplicas(ReplicaType::kChief) > 0) return type == ReplicaType::kChief;
    if (job_.NumReplicas(ReplicaType::kMaster) > 0) return type == ReplicaType::kMaster;
    if (job_.NumReplicas(ReplicaType::kWorker) > 0) return type == ReplicaType::kWorker;
    return true;
  }

  const ReplicaView* View(const ReplicaId& id) const {
    const auto found = views_.find(id);
    return found == views_.end() ? nullptr : found->second;
  }

  // Replicas beyond the wanted number, and of types that are no longer wanted.
  void ScaleDown() {
    for (const auto& [id, view] : views_) {
      if (id.index < job_.NumReplicas(id.type)) continue;
      Act(view->is_active() ? Action::Kind::kStop : Action::Kind::kRemove, *view);
    }
    std::erase_if(status().replicas, [&](const auto& entry) {
      return entry.first.index >= job_.NumReplicas(entry.first.type);
    });
  }

  // Brings the record of one replica up to date with what is seen of it.
  void Observe(const ReplicaId& id, const spec::ReplicaSpec& spec) {
    ReplicaRecord& record = status().replicas[id];
    if (record.state == ReplicaState::kSucceeded || record.state == ReplicaState::kFailed) return;
    const ReplicaView* view = View(id);
    if (record.state == ReplicaState::kNotStarted) {
      record.state = ReplicaState::kWaiting;
      record.start_after = now_;
    }
    if (view != nullptr && view->instance >= record.instance) {
      record.instance = view->instance;
      record.state = ReplicaState::kStarted;
      if (!view->is_active()) Judge(*view, spec, &record);
    } else if (record.state == ReplicaState::kStarted) {
      // Gone without a word: ended from outside.
      Restart(true, ReplicaView{}, &record);
    }
  }

  void Judge(const ReplicaView& view, const spec::ReplicaSpec& spec, ReplicaRecord* record) {
    record->exit_code = view.exit_code;
    switch (JudgeEnd(view, spec.restart_policy, Decides(view.id.type))) {
      case Verdict::kFinished:
        record->state = ReplicaState::kSucceeded;
        break;
      case Verdict::kFailed:
        record->state = ReplicaState::kFailed;
        break;
      case Verdict::kRestart:
        Restart(view.ended_at - view.started_at >= options_.restart_delays.healthy, view, record);
        break;
    }
  }

  void Restart(bool was_healthy, const ReplicaView& ended, ReplicaRecord* record) {
    record->state = ReplicaState::kWaiting;
    record->instance += 1;
    record->restarts += 1 + ended.in_place_restarts;
    record->quick_failures = was_healthy ? 1 : record->quick_failures + 1;
    record->start_after = now_ + RestartDelay(record->quick_failures, options_.restart_delays);
  }

  int CountState(ReplicaType type, ReplicaState state) const {
    int count = 0;
    for (const auto& [id, record] : result_.status.replicas) {
      if (id.type == type && record.state == state) ++count;
    }
    return count;
  }

  bool HasSucceeded() const {
    for (const ReplicaType type : {ReplicaType::kChief, ReplicaType::kMaster}) {
      const int wanted = job_.NumReplicas(type);
      if (wanted > 0) return CountState(type, ReplicaState::kSucceeded) == wanted;
    }
    if (const int workers = job_.NumReplicas(ReplicaType::kWorker); workers > 0) {
      if (CountState(ReplicaType::kWorker, ReplicaState::kSucceeded) == workers) return true;
      const auto first = result_.status.replicas.find({ReplicaType::kWorker, 0});
      return job_.success_policy == spec::SuccessPolicy::kDefault &&
             first->second.state == ReplicaState::kSucceeded;
    }
    // Only parameter servers or evaluators: the controller never lets such a job succeed.
    return job_.NumReplicas() > 0 &&
           std::all_of(
               result_.status.replicas.begin(), result_.status.replicas.end(),
               [](const auto& entry) { return entry.second.state == ReplicaState::kSucceeded; });
  }

  // The message of the Failed condition, empty while there is no reason to fail.
  std::string Failure() {
    for (const auto& [type, spec] : job_.replicas) {
      const int failed = CountState(type, ReplicaState::kFailed);
      if (failed == 0 || IsTolerated(type)) continue;
      if (spec.restart_policy == spec::RestartPolicy::kExitCode) {
        return fmt::format("job \"{}\" is failing because \"{}\" replica(s) failed.", job_.name,
                           spec::ReplicaTypeName(type));
      }
      return fmt::format("TFJob {}/{} has failed because {} {} replica(s) failed.", job_.name_space,
                         job_.name, failed, spec::ReplicaTypeName(type));
    }
    if (const auto limit = job_.run_policy.backoff_limit; limit && TotalRestarts() > *limit) {
      return fmt::format("Job {} has failed because it has reached the specified backoff limit",
                         job_.name);
    }
    if (const auto seconds = job_.run_policy.active_deadline_seconds) {
      const TimePoint deadline = *status().start_time + std::chrono::seconds(*seconds);
      if (now_ >= deadline) {
        return fmt::format("Job {} has failed because it was active longer than specified deadline",
                           job_.name);
      }
      WakeAt(deadline);
    }
    return "";
  }

  // Elastic workers may be lost, as long as somebody can still make the job succeed.
  bool IsTolerated(ReplicaType type) const {
    if (!job_.enable_dynamic_worker || type != ReplicaType::kWorker) return false;
    if (!Decides(ReplicaType::kWorker)) return true;
    return CountState(type, ReplicaState::kFailed) + CountState(type, ReplicaState::kSucceeded) <
           job_.NumReplicas(type);
  }

  int TotalRestarts() {
    int total = status().total_restarts();
    for (const auto& [id, view] : views_) {
      const auto record = status().replicas.find(id);
      const bool is_current =
          record != status().replicas.end() && record->second.instance == view->instance;
      if (is_current) total += view->in_place_restarts;
    }
    return total;
  }

  void StartWaiting() {
    for (const auto& [id, record] : status().replicas) {
      if (record.state != ReplicaState::kWaiting) continue;
      if (record.start_after <= now_) {
        result_.actions.push_back({Action::Kind::kStart, id, record.instance});
      } else {
        WakeAt(record.start_after);
      }
    }
  }

  void UpdateRunning() {
    bool is_running = false;
    for (const auto& [id, view] : views_) {
      const auto record = status().replicas.find(id);
      if (record == status().replicas.end()) continue;
      if (record->second.state == ReplicaState::kStarted && view->phase == Phase::kRunning) {
        // After a restart any running replica ends the condition Restarting.
        is_running = is_running || Decides(id.type) || status().Is(ConditionType::kRestarting);
      }
    }
    for (const auto& [id, record] : status().replicas) {
      if (record.state == ReplicaState::kWaiting && record.restarts > 0) {
        return SetRestarting(job_, id.type, now_, &status());
      }
    }
    if (is_running) SetRunning(job_, now_, &status());
  }

  void Suspend() {
    SetSuspended(job_, now_, &status());
    for (const auto& [id, view] : views_) {
      Act(view->is_active() ? Action::Kind::kStop : Action::Kind::kRemove, *view);
    }
    for (auto& [id, record] : status().replicas) {
      const ReplicaView* view = View(id);
      if (record.state != ReplicaState::kStarted) continue;
      // It may have succeeded just before; then it has no second life.
      if (view != nullptr && view->instance == record.instance &&
          view->phase == Phase::kSucceeded) {
        record.state = ReplicaState::kSucceeded;
        continue;
      }
      record.state = ReplicaState::kWaiting;
      record.instance += 1;
      record.start_after = now_;
    }
  }

  std::chrono::milliseconds GraceAfterSuccess(ReplicaType type) const {
    if (!result_.status.Is(ConditionType::kSucceeded)) return std::chrono::milliseconds(0);
    if (type == ReplicaType::kPs) return options_.ps_grace;
    return type == ReplicaType::kEvaluator ? options_.evaluator_grace : options_.worker_grace;
  }

  void CleanUp() {
    const spec::CleanPodPolicy policy = job_.run_policy.clean_pod_policy;
    result_.done = true;
    for (const auto& [id, view] : views_) {
      if (!view->is_active()) {
        if (policy == spec::CleanPodPolicy::kAll) Act(Action::Kind::kRemove, *view);
        continue;
      }
      // Parameter servers never end by themselves in most programs.
      if (policy == spec::CleanPodPolicy::kNone && !options_.stop_everything &&
          id.type != ReplicaType::kPs) {
        continue;
      }
      result_.done = false;
      const TimePoint stop_at =
          status().completion_time.value_or(now_) + GraceAfterSuccess(id.type);
      if (now_ >= stop_at) {
        Act(Action::Kind::kStop, *view);
      } else {
        WakeAt(stop_at);
      }
    }
  }

  // After success every replica that was at work counts as succeeded, however it was ended.
  void Count() {
    const bool succeeded = status().Is(ConditionType::kSucceeded);
    status().replica_counts.clear();
    for (const auto& [type, spec] : job_.replicas) status().replica_counts[type];
    for (const auto& [id, record] : status().replicas) {
      ReplicaCounts& counts = status().replica_counts[id.type];
      const ReplicaView* view = View(id);
      if (record.state == ReplicaState::kFailed) {
        ++counts.failed;
      } else if (record.state == ReplicaState::kSucceeded) {
        ++counts.succeeded;
      } else if (view != nullptr && view->phase == Phase::kRunning) {
        ++counts.active;
      } else if (succeeded && record.state == ReplicaState::kStarted &&
                 (view == nullptr || !view->is_active())) {
        ++counts.succeeded;
      }
    }
  }

  void Act(Action::Kind kind, const ReplicaView& view) {
    result_.actions.push_back({kind, view.id, view.instance});
  }

  void WakeAt(TimePoint when) {
    if (!result_.wake_at || when < *result_.wake_at) result_.wake_at = when;
  }

  const spec::TFJob& job_;
  const TimePoint now_;
  const PlanOptions& options_;
  std::map<ReplicaId, const ReplicaView*> views_;
  PlanResult result_;
};

}  // namespace

PlanResult Plan(const spec::TFJob& job, const JobStatus& before, std::span<const ReplicaView> seen,
                TimePoint now, const PlanOptions& options) {
  return Planner(job, before, seen, now, options).Run();
}

}  // namespace trainyard::job

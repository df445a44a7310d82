#include "local/runner.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>

#include "local/guardian.h"
#include "local/launch.h"
#include "local/ports.h"
#include "local/processes.h"
#include "local/replica_process.h"
#include "local/workdir.h"

extern char** environ;

namespace trainyard::local {
namespace {

using Clock = std::chrono::system_clock;

Environment InheritedEnvironment() {
  Environment variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const size_t equals = text.find('=');
    if (equals != std::string_view::npos) {
      variables.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  variables.erase(std::string(kRunVariable));
  return variables;
}

// Unique on this machine while the run lasts.
std::string MakeRunName() {
  static std::atomic<int> count = 0;
  return fmt::format("{}-{}-{}", getpid(), Clock::now().time_since_epoch().count(), ++count);
}

class Runner {
 public:
  Runner(const spec::TFJob& job, const RunOptions& options, RunObserver& observer)
      : job_(job), options_(options), observer_(observer), run_name_(MakeRunName()) {}

  Result<RunOutcome> Run() {
    started_at_ = std::chrono::steady_clock::now();
    RETURN_IF_ERROR(Prepare());
    while (true) {
      RETURN_IF_ERROR(ReadGuardian());
      ReadOutput();
      const bool is_done = interrupts_ > 0 ? !AnyActive() : Advance();
      observer_.OnUpdate(View());
      if (is_done) break;
      Wait();
    }
    (void)guardian_->channel().Send({.kind = Message::Kind::kFinish});
    return Outcome();
  }

 private:
  Status Prepare() {
    ASSIGN_OR_RETURN(Workdir opened, Workdir::Open(options_.workdir));
    workdir_.emplace(std::move(opened));
    ASSIGN_OR_RETURN(ports_, PortReservation::Create(job_.NumReplicas()));
    LaunchContext context;
    context.environment = InheritedEnvironment();
    std::error_code error;
    context.directory =
        std::filesystem::absolute(options_.directory.empty() ? "." : options_.directory, error)
            .lexically_normal()
            .string();
    if (context.directory.ends_with('/')) context.directory.pop_back();
    context.program_directories = options_.program_directories;
    context.workdir = workdir_->path();
    size_t next_port = 0;
    for (const auto& [type, spec] : job_.replicas) {
      for (int index = 0; index < spec.replicas; ++index) {
        context.cluster.jobs[std::string(spec::TaskTypeName(type))][index] =
            fmt::format("127.0.0.1:{}", ports_.ports()[next_port++]);
      }
    }
    RETURN_IF_ERROR(MakeReplicas(&context));
    ASSIGN_OR_RETURN(guardian_,
                     Guardian::Create("trainyard-guardian-of-" + job_.name, workdir_->lock_fd()));
    return OkStatus();
  }

  // Every program is looked up before the first is started: half a job helps nobody.
  Status MakeReplicas(LaunchContext* context) {
    std::vector<std::string> notes;
    for (const auto& [type, spec] : job_.replicas) {
      for (int index = 0; index < spec.replicas; ++index) {
        const job::ReplicaId id{type, index};
        context->progress_path = workdir_->ProgressPath(id);
        ASSIGN_OR_RETURN(Launch launch, BuildLaunch(job_, id, *context));
        for (const std::string& note : launch.notes) {
          if (std::find(notes.begin(), notes.end(), note) == notes.end()) notes.push_back(note);
        }
        replicas_.emplace(id,
                          std::make_unique<ReplicaProcess>(
                              id, std::move(launch), workdir_->LogPath(id), context->progress_path,
                              std::chrono::seconds(spec.pod.termination_grace_seconds)));
      }
    }
    for (const std::string& note : notes) observer_.OnNote(note);
    return OkStatus();
  }

  Status ReadGuardian() {
    for (const Message& message : guardian_->channel().Receive()) {
      for (auto& [id, replica] : replicas_) {
        if (replica->Hear(message, Clock::now())) break;
      }
    }
    if (!guardian_->channel().at_end()) return OkStatus();
    SweepUp();
    return InternalError("job {}: the process that guards its replicas was killed; they were ended",
                         job_.name);
  }

  // The guardian's death has killed the replicas; what they had started carries their mark.
  void SweepUp() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    bool found_any = true;
    while (found_any && std::chrono::steady_clock::now() < deadline) {
      found_any = false;
      for (const auto& [pid, info] : ListProcesses()) {
        if (info.is_zombie || !RunMark(pid).starts_with(run_name_ + "/")) continue;
        found_any = true;
        kill(pid, SIGKILL);
      }
      if (found_any) poll(nullptr, 0, 2);
    }
  }

  void ReadOutput() {
    for (auto& [id, replica] : replicas_) {
      replica->ReadOutput(options_.forward_logs ? &observer_ : nullptr);
    }
  }

  // Plans and acts; true when the job has ended and nothing is running.
  bool Advance() {
    std::vector<job::ReplicaView> seen;
    for (const auto& [id, replica] : replicas_) {
      if (replica->view()) seen.push_back(*replica->view());
    }
    job::PlanResult plan = job::Plan(job_, status_, seen, Clock::now(), options_.plan);
    status_ = std::move(plan.status);
    wake_at_ = plan.wake_at;
    for (const job::Action& action : plan.actions) Apply(action);
    return plan.done && !AnyActive();
  }

  void Apply(const job::Action& action) {
    ReplicaProcess& replica = *replicas_.at(action.id);
    switch (action.kind) {
      case job::Action::Kind::kStart: {
        const bool is_there = replica.view() && replica.view()->instance >= action.instance;
        if (is_there) return;
        const std::string mark =
            fmt::format("{}/{}/{}", run_name_, action.id.Name(), action.instance);
        Send(replica.Start(action.instance, ++last_message_id_, mark));
        return;
      }
      case job::Action::Kind::kStop:
        if (const auto message = replica.Stop()) Send(*message);
        return;
      case job::Action::Kind::kRemove:
        return;  // an ended process leaves nothing but its log
    }
  }

  // A lost guardian shows at the next ReadGuardian().
  void Send(const Message& message) { (void)guardian_->channel().Send(message); }

  bool AnyActive() const {
    return std::any_of(replicas_.begin(), replicas_.end(),
                       [](const auto& entry) { return entry.second->is_active(); });
  }

  void Wait() {
    std::chrono::milliseconds timeout = options_.tick;
    if (wake_at_ && interrupts_ == 0) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(*wake_at_ - Clock::now());
      timeout = std::clamp(left, std::chrono::milliseconds(0), timeout);
    }
    pollfd ready[] = {{guardian_->channel().fd(), POLLIN, 0}, {options_.interrupt_fd, POLLIN, 0}};
    poll(ready, 2, static_cast<int>(timeout.count()));
    if ((ready[1].revents & POLLIN) != 0) Interrupt();
  }

  void Interrupt() {
    char presses[64];
    const ssize_t count = read(options_.interrupt_fd, presses, sizeof(presses));
    for (ssize_t i = 0; i < count; ++i) {
      ++interrupts_;
      for (auto& [id, replica] : replicas_) {
        if (!replica->is_active()) continue;
        if (interrupts_ > 1) Send(replica->Kill());
        if (const auto message = replica->Stop()) Send(*message);
      }
    }
  }

  JobView View() const {
    JobView view{.name = job_.name,
                 .workdir = workdir_->path(),
                 .elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(
                     std::chrono::steady_clock::now() - started_at_),
                 .status = status_,
                 .replicas = {},
                 .progress = {},
                 .is_interrupted = interrupts_ > 0};
    for (const auto& [id, replica] : replicas_) {
      const auto record = status_.replicas.find(id);
      view.replicas.push_back(replica->Describe(
          record == status_.replicas.end() ? job::ReplicaRecord{} : record->second));
    }
    view.progress = CombineProgress(view.replicas);
    return view;
  }

  // The replica that failed for good, else (a limit was reached) the one that failed last.
  std::optional<ReplicaFailure> FindFailure() const {
    const ReplicaProcess* found = nullptr;
    bool found_for_good = false;
    for (const auto& [id, replica] : replicas_) {
      if (!replica->view() || replica->view()->phase != job::Phase::kFailed) continue;
      const bool for_good = status_.replicas.at(id).state == job::ReplicaState::kFailed;
      const bool is_later = found == nullptr || replica->view()->ended_at > found->view()->ended_at;
      // Of several final failures the first is the cause, of others the last.
      if ((for_good && (!found_for_good || !is_later)) ||
          (!for_good && !found_for_good && is_later)) {
        found = replica.get();
        found_for_good = for_good;
      }
    }
    const bool is_deadline =
        !found_for_good && status_.conditions.back().message.ends_with("deadline");
    if (found == nullptr || is_deadline) return std::nullopt;
    return ReplicaFailure{found->id(), found->view()->exit_code, found->log_path(),
                          LastLines(found->log_path(), 5)};
  }

  RunOutcome Outcome() const {
    RunOutcome outcome;
    outcome.view = View();
    if (status_.Is(job::ConditionType::kSucceeded)) return outcome;
    outcome.exit_code = status_.Is(job::ConditionType::kFailed) ? 1 : 130;
    if (outcome.exit_code == 1) outcome.failure = FindFailure();
    return outcome;
  }

  const spec::TFJob& job_;
  const RunOptions& options_;
  RunObserver& observer_;
  const std::string run_name_;

  std::chrono::steady_clock::time_point started_at_;
  std::optional<Workdir> workdir_;
  PortReservation ports_;
  std::map<job::ReplicaId, std::unique_ptr<ReplicaProcess>> replicas_;
  job::JobStatus status_;
  std::optional<job::TimePoint> wake_at_;
  uint64_t last_message_id_ = 0;
  int interrupts_ = 0;
  // Last, so that it is the first to go: its destructor ends every process.
  std::unique_ptr<Guardian> guardian_;
};

}  // namespace

job::PlanOptions LocalPlanOptions() {
  job::PlanOptions options;
  options.stop_everything = true;
  options.honours_managed_by = false;
  options.restart_delays.first = std::chrono::milliseconds(200);
  options.ps_grace = std::chrono::seconds(3);
  return options;
}

Result<RunOutcome> RunJob(const spec::TFJob& job, const RunOptions& options,
                          RunObserver& observer) {
  return Runner(job, options, observer).Run();
}

}  // namespace trainyard::local

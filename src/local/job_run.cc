#include "local/job_run.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>

#include "local/launch/launch.h"
#include "local/process/cgroup.h"
#include "local/process/processes.h"
#include "local/state/go_on.h"
#include "local/state/registry.h"

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

std::string AbsoluteDirectory(const std::string& directory) {
  std::error_code error;
  std::string absolute = std::filesystem::absolute(directory.empty() ? "." : directory, error)
                             .lexically_normal()
                             .string();
  if (absolute.ends_with('/') && absolute.size() > 1) absolute.pop_back();
  return absolute;
}

Submission MakeSubmission(const RunOptions& options) {
  return {.file = options.job_file,
          .directory = AbsoluteDirectory(options.directory),
          .overrides = options.overrides,
          .images = options.launch.images,
          .volumes = options.launch.volumes,
          .logs = options.launch.logs,
          .enforce_limits = options.launch.enforce_limits};
}

// What is left of an earlier run; nullopt if there is none, or it cannot be read, which the
// observer is told.
Result<std::optional<JobRecord>> ReadEarlier(const JobStore& store, const RunOptions& options,
                                             RunObserver& observer) {
  Result<JobRecord> earlier = store.Read();
  if (earlier.ok()) {
    const bool is_waiting = earlier->stage == Stage::kQueued && IsAlive(earlier->runner);
    if (!is_waiting) return std::optional(*std::move(earlier));
    return FailedPreconditionError(
        "cannot run in {}: job {} waits there in the queue of process {}", store.workdir(),
        earlier->name, earlier->runner.pid);
  }
  if (options.must_go_on) {
    const bool is_missing = earlier.status().code() == StatusCode::kNotFound;
    return FailedPreconditionError("cannot go on: {}{}", earlier.status().message(),
                                   is_missing ? "; run it without --resume" : "");
  }
  if (earlier.status().code() == StatusCode::kDataLoss) {
    observer.OnNote(fmt::format("a new record is begun: {}", earlier.status().message()));
  } else if (earlier.status().code() != StatusCode::kNotFound) {
    return earlier.status();
  }
  return std::optional<JobRecord>();
}

}  // namespace

Result<std::unique_ptr<JobRun>> JobRun::Create(spec::TFJob job, RunOptions options,
                                               RunObserver& observer) {
  ASSIGN_OR_RETURN(const Workdir workdir, Workdir::Open(options.workdir));
  const JobStore store(workdir.path());
  ASSIGN_OR_RETURN(const std::optional<JobRecord> earlier, ReadEarlier(store, options, observer));
  const job::TimePoint now = Clock::now();
  Beginning beginning = PlanBeginning(job, earlier, now);
  if (options.must_go_on && !beginning.goes_on) {
    return FailedPreconditionError(
        "cannot go on with {}: {} in {}; run it without --resume", job.name,
        earlier->name == job.name ? "it has finished" : earlier->name + " is the job",
        workdir.path());
  }
  if (!beginning.note.empty()) observer.OnNote(beginning.note);
  if (!beginning.goes_on) RETURN_IF_ERROR(store.BeginAnew());
  store.WithdrawStopRequest();
  beginning.record.runner = ThisProcess();
  beginning.record.submission = MakeSubmission(options);
  RETURN_IF_ERROR(store.WriteJobText(options.job_text, beginning.record.submission));
  const Status entered = Registry(options.state_directory).Add(workdir.path());
  if (!entered.ok()) {
    observer.OnNote(
        fmt::format("other commands will need --workdir to find this job: {}", entered.message()));
  }
  std::unique_ptr<JobRun> run(new JobRun(std::move(job), std::move(options), observer,
                                         workdir.path(), std::move(beginning.record)));
  run->recorder_.AddEvent(beginning.event);
  run->recorder_.SetStage(Stage::kQueued, "", now);
  return run;
}

JobRun::JobRun(spec::TFJob job, RunOptions options, RunObserver& observer, std::string workdir,
               JobRecord record)
    : job_(std::move(job)),
      options_(std::move(options)),
      observer_(observer),
      workdir_path_(std::move(workdir)),
      run_name_(MakeRunName()),
      created_at_(std::chrono::steady_clock::now()),
      recorder_(workdir_path_, std::move(record),
                [this](std::string_view message) { observer_.OnNote(message); }),
      status_(recorder_.record().status) {}

JobRun::~JobRun() = default;

Status JobRun::Start() {
  started_at_ = std::chrono::steady_clock::now();
  Status status = Prepare();
  if (status.ok()) {
    recorder_.SetStage(Stage::kActive, "", Clock::now());
  } else {
    RecordStartFailure(status);
  }
  return status;
}

Status JobRun::Prepare() {
  ASSIGN_OR_RETURN(Workdir opened, Workdir::Open(workdir_path_));
  workdir_.emplace(std::move(opened));
  // While it waited another run may have come and gone.
  const Result<JobRecord> record = recorder_.store().Read();
  if (!record.ok() || record->runner != recorder_.record().runner) {
    return FailedPreconditionError("cannot run in {}: another run has used it meanwhile",
                                   workdir_path_);
  }
  if (job_.run_policy.suspend) return OkStatus();
  ASSIGN_OR_RETURN(ports_, PortReservation::Create(job_.NumReplicas()));
  ASSIGN_OR_RETURN(LaunchContext context, MakeLaunchContext());
  RETURN_IF_ERROR(MakeReplicas(&context));
  ASSIGN_OR_RETURN(guardian_,
                   Guardian::Create("trainyard-guardian-of-" + job_.name, workdir_->lock_fd()));
  return OkStatus();
}

Result<LaunchContext> JobRun::MakeLaunchContext() {
  LaunchContext context;
  context.environment = InheritedEnvironment();
  context.directory = AbsoluteDirectory(options_.directory);
  context.program_directories = options_.program_directories;
  context.workdir = workdir_->path();
  context.options = options_.launch;
  context.machine = ThisMachine();
  if (HasLimits(job_) && options_.launch.enforce_limits) context.trees = FindCgroupTrees();
  size_t next_port = 0;
  for (const auto& [type, spec] : job_.replicas) {
    for (int index = 0; index < spec.replicas; ++index) {
      context.cluster.jobs[std::string(spec::TaskTypeName(type))][index] =
          fmt::format("127.0.0.1:{}", ports_.ports()[next_port++]);
    }
  }
  return context;
}

// Every program is looked up before the first is started: half a job helps nobody.
Status JobRun::MakeReplicas(LaunchContext* context) {
  std::vector<std::string> notes;
  for (const auto& [type, spec] : job_.replicas) {
    for (int index = 0; index < spec.replicas; ++index) {
      const job::ReplicaId id{type, index};
      context->progress_path = workdir_->ProgressPath(id);
      ASSIGN_OR_RETURN(Launch launch, BuildLaunch(job_, id, *context));
      for (const std::string& note : launch.notes) {
        if (std::find(notes.begin(), notes.end(), note) == notes.end()) notes.push_back(note);
      }
      ReplicaProcess::Options own{.log_path = workdir_->LogPath(id),
                                  .progress_path = context->progress_path,
                                  .grace = std::chrono::seconds(spec.pod.termination_grace_seconds),
                                  .logs = options_.launch.logs,
                                  .wants_every_line = options_.forward_logs};
      replicas_.emplace(id,
                        std::make_unique<ReplicaProcess>(id, std::move(launch), std::move(own)));
    }
  }
  for (const std::string& note : notes) observer_.OnNote(note);
  return OkStatus();
}

// A job that has run before can be gone on with when the reason is gone; another has failed.
void JobRun::RecordStartFailure(const Status& status) {
  const job::TimePoint now = Clock::now();
  recorder_.AddEvent(
      {.time = now, .is_warning = true, .reason = "StartFailed", .message = status.message()});
  // Without the lock the record is another run's.
  if (!workdir_) return;
  if (!recorder_.record().status.conditions.empty()) {
    recorder_.SetStage(Stage::kStopped, status.message(), now);
    return;
  }
  job::SetCreated(job_, now, &status_);
  job::SetFailed(job::Reason(job_, "Failed"), status.message(), now, &status_);
  status_.completion_time = now;
  recorder_.Update(View(), now);
  recorder_.SetStage(Stage::kEnded, "", now);
}

Result<bool> JobRun::Step() {
  if (guardian_ != nullptr) RETURN_IF_ERROR(ReadGuardian());
  has_more_output_ = false;
  for (auto& [id, replica] : replicas_) {
    RunObserver* observer = options_.forward_logs ? &observer_ : nullptr;
    has_more_output_ = replica->ReadOutput(observer) || has_more_output_;
  }
  if (interrupts_ == 0 && IsStopRequested()) Interrupt("from another terminal");
  const bool is_done = interrupts_ > 0 ? !AnyActive() : Advance();
  const JobView view = View();
  recorder_.Update(view, Clock::now());
  observer_.OnUpdate(view);
  return is_done && !has_more_output_;
}

Status JobRun::ReadGuardian() {
  for (const Message& message : guardian_->channel().Receive()) {
    for (auto& [id, replica] : replicas_) {
      if (replica->Hear(message, Clock::now())) break;
    }
  }
  if (!guardian_->channel().at_end()) return OkStatus();
  SweepUp();
  const job::TimePoint now = Clock::now();
  recorder_.SetStage(Stage::kStopped, "the process that guards its replicas was killed", now);
  return InternalError("job {}: the process that guards its replicas was killed; they were ended",
                       job_.name);
}

// The guardian's death has killed the replicas; what they had started carries their mark.
void JobRun::SweepUp() {
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
  const bool has_limits = std::any_of(replicas_.begin(), replicas_.end(),
                                      [](const auto& entry) { return entry.second->has_limits(); });
  if (has_limits) SweepCgroups(FindCgroupTrees(), std::string(kGroupPrefix) + run_name_ + '.');
}

// Plans and acts; true when the job has ended and nothing is running.
bool JobRun::Advance() {
  std::vector<job::ReplicaView> seen;
  for (const auto& [id, replica] : replicas_) {
    if (replica->view()) seen.push_back(*replica->view());
  }
  job::PlanResult plan = job::Plan(job_, status_, seen, Clock::now(), options_.plan);
  Take(&plan);
  for (const job::Action& action : plan.actions) Apply(action);
  return (plan.done || job_.run_policy.suspend) && !AnyActive();
}

void JobRun::Take(job::PlanResult* plan) {
  status_ = std::move(plan->status);
  wake_at_ = plan->wake_at;
  if (plan->events.empty()) return;
  recorder_.AddEvents(plan->events, Clock::now());
  for (const job::Event& event : plan->events) observer_.OnEvent(event);
}

void JobRun::Apply(const job::Action& action) {
  ReplicaProcess& replica = *replicas_.at(action.id);
  switch (action.kind) {
    case job::Action::Kind::kStart: {
      const bool is_there = replica.view() && replica.view()->instance >= action.instance;
      if (is_there) return;
      const std::string mark =
          fmt::format("{}/{}/{}", run_name_, action.id.Name(), action.instance);
      const auto message = replica.Start(action.instance, ++last_message_id_, mark);
      if (message) Send(*message);
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
void JobRun::Send(const Message& message) { (void)guardian_->channel().Send(message); }

bool JobRun::AnyActive() const {
  return std::any_of(replicas_.begin(), replicas_.end(),
                     [](const auto& entry) { return entry.second->is_active(); });
}

std::optional<job::TimePoint> JobRun::wake_at() const {
  if (has_more_output_) return Clock::now();
  return interrupts_ > 0 ? std::nullopt : wake_at_;
}

void JobRun::Interrupt(const std::string& reason) {
  if (++interrupts_ == 1) stop_reason_ = reason;
  for (auto& [id, replica] : replicas_) {
    if (!replica->is_active()) continue;
    if (interrupts_ > 1) Send(replica->Kill());
    if (const auto message = replica->Stop()) Send(*message);
  }
}

void JobRun::Abandon(const std::string& reason) {
  interrupts_ = 1;
  stop_reason_ = reason;
}

JobView JobRun::View() const {
  JobView view{.name = job_.name,
               .workdir = workdir_path_,
               .elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(
                   std::chrono::steady_clock::now() - started_at_.value_or(created_at_)),
               .status = status_,
               .replicas = {},
               .progress = {},
               .is_queued = !started_at_,
               .is_interrupted = interrupts_ > 0};
  for (const auto& [id, replica] : replicas_) {
    const auto found = status_.replicas.find(id);
    const job::ReplicaRecord memory =
        found == status_.replicas.end() ? job::ReplicaRecord{} : found->second;
    ReplicaInfo info = replica->Describe(memory, status_.is_finished());
    // One that ended for good in an earlier run.
    if (!info.has_ended && (memory.state == job::ReplicaState::kSucceeded ||
                            memory.state == job::ReplicaState::kFailed)) {
      info.has_ended = true;
      info.exit_code = memory.exit_code;
    }
    view.replicas.push_back(std::move(info));
  }
  view.progress = CombineProgress(view.replicas);
  return view;
}

// The replica that failed for good, else (a limit was reached) the one that failed last.
std::optional<ReplicaFailure> JobRun::FindFailure() const {
  const ReplicaProcess* found = nullptr;
  bool found_for_good = false;
  for (const auto& [id, replica] : replicas_) {
    if (!replica->view() || replica->view()->phase != job::Phase::kFailed) continue;
    if (replica->was_stopped()) continue;  // ended because the job had failed
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

RunOutcome JobRun::Finish() {
  if (guardian_ != nullptr) Send({.kind = Message::Kind::kFinish});
  const job::TimePoint now = Clock::now();
  RunOutcome outcome;
  outcome.is_suspended = status_.Is(job::ConditionType::kSuspended) && interrupts_ == 0;
  if (!status_.is_finished() && !outcome.is_suspended) {
    outcome.exit_code = 130;
    outcome.stop_reason = stop_reason_;
    const std::string message = fmt::format("TFJob {} was stopped {}.", job_.name, stop_reason_);
    status_ = StoppedStatus(std::move(status_), message, now);
    recorder_.AddEvent({.time = now, .reason = "Stopped", .message = message});
  } else if (status_.Is(job::ConditionType::kFailed)) {
    outcome.exit_code = 1;
    outcome.failure = FindFailure();
  }
  outcome.view = View();
  recorder_.Update(outcome.view, now);
  recorder_.SetStage(outcome.exit_code == 130 ? Stage::kStopped : Stage::kEnded,
                     outcome.stop_reason, now);
  return outcome;
}

}  // namespace trainyard::local

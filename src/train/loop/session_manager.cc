#include "train/loop/session_manager.h"

#include <algorithm>

#include "base/log.h"
#include "train/checkpoints/checkpoint_state.h"
#include "train/internal/backoff.h"
#include "train/loop/stop_signal.h"

namespace trainyard::train {
namespace {

using Clock = std::chrono::steady_clock;

bool All(const tf::Tensor& flags) {
  const auto values = flags.data<bool>();
  return std::all_of(values.begin(), values.end(), [](bool value) { return value; });
}

}  // namespace

bool IsRecoverable(const Status& status) {
  switch (status.code()) {
    case StatusCode::kUnavailable:
    case StatusCode::kAborted:
    // What a restarted, and therefore empty, parameter server answers.
    case StatusCode::kFailedPrecondition:
    case StatusCode::kNotFound:
    // What the other tensors of a step get when one of them failed first.
    case StatusCode::kCancelled:
      return true;
    default:
      return false;
  }
}

SessionManager::SessionManager(const RunConfig& config, const ModelGraph& model,
                               const JobControl* control, CheckpointDirectory* checkpoints,
                               Watchdog* watchdog, ProgressReporter* reporter, std::string target)
    : config_(config),
      model_(model),
      control_(control),
      checkpoints_(checkpoints),
      watchdog_(watchdog),
      reporter_(reporter),
      target_(std::move(target)) {}

Result<std::unique_ptr<tf::Session>> SessionManager::MakeReady() {
  const Clock::time_point deadline = Clock::now() + config_.session_creation_timeout;
  internal::Backoff backoff(std::chrono::milliseconds(50), std::chrono::seconds(1));
  Clock::time_point next_line = Clock::now() + std::chrono::seconds(2);
  while (true) {
    if (StopRequested()) return CancelledError("asked to stop while waiting for the cluster");
    Status status;
    Result<std::unique_ptr<tf::Session>> session = Connect();
    if (session.ok()) {
      Result<bool> ready = true;
      if (config_.is_chief()) {
        status = PrepareVariables(session->get());
      } else {
        ready = IsReady(session->get());
        status = ready.status();
      }
      if (status.ok() && *ready) return session;
    } else {
      status = session.status();
    }
    if (!status.ok() && (!config_.uses_server() || !IsRecoverable(status))) return status;
    const std::string waiting = status.ok() ? "the chief to initialise the model" : WaitingFor();
    reporter_->ReportSometimes({.phase = "waiting", .message = "waiting for " + waiting});
    if (Clock::now() >= deadline) {
      return UnavailableError("Session was not ready after waiting {} secs for {}{}{}",
                              config_.session_creation_timeout.count(), waiting,
                              status.ok() ? "" : ": ", status.message());
    }
    if (Clock::now() >= next_line) {
      LogInfo("Waiting for {}.", waiting);
      next_line = Clock::now() + std::chrono::seconds(10);
    }
    backoff.Sleep();
  }
}

Result<std::unique_ptr<tf::Session>> SessionManager::Connect() {
  tf::SessionOptions options{.target = target_, .config = {}};
  options.config.intra_op_threads = config_.intra_op_threads;
  options.config.inter_op_threads = config_.inter_op_threads;
  options.config.bfloat16 = config_.bfloat16;
  if (config_.uses_server()) {
    options.config.device_filters = config_.task.device_filters;
    options.config.remapping = !config_.bfloat16;
  }
  const auto guard = watchdog_->Guard(config_.step_timeout, "connecting to " + WaitingFor());
  ASSIGN_OR_RETURN(std::unique_ptr<tf::Session> session,
                   tf::Session::Create(model_.graph(), options));
  if (!model_.model().table_initializers().empty()) {
    RETURN_IF_ERROR(session->Run(model_.tables_init_op()));
  }
  return session;
}

Status SessionManager::PrepareVariables(tf::Session* session) {
  const auto guard = watchdog_->Guard(config_.step_timeout, "initialising the model");
  if (directory_check_ != nullptr) {
    RETURN_IF_ERROR(directory_check_->Run(session, config_));
    directory_check_ = nullptr;
  }
  if (control_ != nullptr) RETURN_IF_ERROR(control_->Begin(session));
  const std::vector<std::string> checkpoints = checkpoints_->NewestFirst();
  if (control_ != nullptr) {
    ASSIGN_OR_RETURN(const std::vector<tf::Tensor> flags,
                     session->Run({}, {model_.initialized()}, {}));
    if (All(flags[0])) {
      ASSIGN_OR_RETURN(const int64_t live, GlobalStep(session));
      const int64_t saved = checkpoints.empty() ? -1 : StepOfCheckpoint(checkpoints.front());
      if (live >= saved) {
        LogInfo("The parameter servers hold the model at step {}: going on from there.", live);
        return OkStatus();
      }
      LogWarning("The parameter servers hold the model at step {}, older than checkpoint {}.", live,
                 saved);
    }
  }
  bool restored = false;
  RETURN_IF_ERROR(RestoreNewest(session, &restored));
  if (restored) return OkStatus();
  RETURN_IF_ERROR(session->Run(model_.init_op()));
  return warm_start_ == nullptr ? OkStatus() : session->Run(warm_start_);
}

Status SessionManager::RestoreNewest(tf::Session* session, bool* restored) {
  Status first_failure;
  for (const std::string& prefix : checkpoints_->NewestFirst()) {
    const Status status = model_.saver().Restore(session, prefix);
    if (status.ok()) {
      LogInfo("Restoring parameters from {}", prefix);
      *restored = true;
      return OkStatus();
    }
    // A damaged or missing file is passed over; another network's checkpoint, or a lost cluster, is
    // not.
    if (status.code() != StatusCode::kDataLoss && status.code() != StatusCode::kNotFound &&
        status.code() != StatusCode::kOutOfRange) {
      return status;
    }
    LogWarning("{}; trying the one before", status.message());
    if (first_failure.ok()) first_failure = status;
  }
  if (first_failure.ok()) return OkStatus();  // there is no checkpoint: a new model
  return DataLossError("none of the checkpoints in {} can be read: {}; remove them to start anew",
                       config_.model_dir, first_failure.message());
}

Result<bool> SessionManager::IsReady(tf::Session* session) {
  const auto guard = watchdog_->Guard(config_.step_timeout, "asking whether the model is ready");
  ASSIGN_OR_RETURN(const std::vector<tf::Tensor> flags,
                   session->Run({}, {model_.initialized()}, {}));
  return All(flags[0]);
}

Result<int64_t> SessionManager::GlobalStep(tf::Session* session) {
  ASSIGN_OR_RETURN(const std::vector<tf::Tensor> values,
                   session->Run({}, {model_.model().global_step().value}, {}));
  return values[0].scalar<int64_t>();
}

std::string SessionManager::WaitingFor() const {
  std::string text;
  const auto job = config_.task.cluster.jobs.find(spec::kPs);
  if (job == config_.task.cluster.jobs.end()) return "the session";
  for (const auto& [index, address] : job->second) {
    text += fmt::format("{}/job:ps/task:{} ({})", text.empty() ? "" : ", ", index, address);
  }
  return text;
}

}  // namespace trainyard::train

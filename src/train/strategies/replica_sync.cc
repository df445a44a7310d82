#include "train/strategies/replica_sync.h"

#include <algorithm>
#include <chrono>

#include "base/log.h"
#include "train/internal/backoff.h"
#include "train/loop/stop_signal.h"

namespace trainyard::train {
namespace {

using Clock = std::chrono::steady_clock;

// Updates that come at once take less than a millisecond.
internal::Backoff Pause() { return {std::chrono::microseconds(100), std::chrono::milliseconds(2)}; }

// Above every round before, also those that only a parameter server that has survived remembers.
int64_t RoundFromClock() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

SynchronousReplicas SynchronousReplicasOf(const RunConfig& config) {
  if (!config.uses_server() || config.task.num_ps_replicas == 0) return {};
  return {.to_aggregate = config.replicas_to_aggregate,
          .total = config.task.num_worker_replicas,
          .index = config.is_chief() ? 0 : config.task.index + 1};
}

int GradientsRequired(int to_aggregate, std::span<const int32_t> presences) {
  const auto left =
      std::count(presences.begin(), presences.end(), static_cast<int32_t>(WorkerPresence::kLeft));
  return std::min(to_aggregate, static_cast<int>(1 + std::ssize(presences) - left));
}

ReplicaSync::ReplicaSync(const RunConfig& config, const ModelBuilder& model,
                         const JobControl& control, Watchdog* watchdog, ProgressReporter* reporter,
                         std::optional<int64_t> max_steps)
    : config_(config),
      update_(*model.synchronous_update()),
      replicas_(model.synchronous_replicas()),
      global_step_(model.global_step().value),
      control_(control),
      watchdog_(watchdog),
      reporter_(reporter),
      max_steps_(max_steps) {}

Status ReplicaSync::Start(tf::Session* session) {
  Stop();
  if (config_.is_chief()) {
    const auto guard = watchdog_->Guard(config_.step_timeout, "beginning a synchronous update");
    RETURN_IF_ERROR(BeginRound(session));
  }
  ASSIGN_OR_RETURN(const std::vector<tf::Tensor> values, session->Run({}, {update_.round}, {}));
  round_ = values[0].scalar<int64_t>();
  stamp_ = tf::Tensor::Scalar(round_);
  if (config_.is_chief()) {
    failure_ = OkStatus();
    updater_ = std::jthread(
        [this, session](const std::stop_token& stop) { UpdateUntilStopped(session, stop); });
  }
  return OkStatus();
}

void ReplicaSync::Stop() {
  if (!updater_.joinable()) return;
  const auto guard = watchdog_->Guard(config_.step_timeout, "the end of a synchronous update");
  updater_.request_stop();
  updater_.join();
}

Status ReplicaSync::BeginRound(tf::Session* session) {
  ASSIGN_OR_RETURN(const std::vector<tf::Tensor> exists,
                   session->Run({}, {update_.round_exists}, {}));
  int64_t round = RoundFromClock();
  if (exists[0].scalar<bool>()) {
    ASSIGN_OR_RETURN(const std::vector<tf::Tensor> last, session->Run({}, {update_.round}, {}));
    round = std::max(round, last[0].scalar<int64_t>() + 1);
  }
  const auto run = [&](const std::vector<tf::Operation>& operations) {
    const tf::Tensor value = tf::Tensor::Scalar(round);
    return session->Run(std::vector<tf::Feed>{{update_.new_round, &value}}, {}, operations)
        .status();
  };
  RETURN_IF_ERROR(run(update_.refuse_older));
  RETURN_IF_ERROR(run(update_.clear));
  ++round;  // clearing has moved those that held something by one
  RETURN_IF_ERROR(run(update_.refuse_older));
  return run({update_.begin_round});
}

void ReplicaSync::UpdateUntilStopped(tf::Session* session, const std::stop_token& stop) {
  internal::Backoff pause = Pause();
  while (!stop.stop_requested()) {
    const Result<bool> updated = UpdateIfComplete(session);
    if (!updated.ok()) {
      const std::lock_guard lock(mutex_);
      failure_ = updated.status();
      return;
    }
    if (*updated) {
      pause.Reset();
    } else {
      pause.Sleep();
    }
  }
}

Result<bool> ReplicaSync::UpdateIfComplete(tf::Session* session) {
  ASSIGN_OR_RETURN(const std::vector<tf::Tensor> values,
                   session->Run({}, {update_.accumulated, global_step_, control_.presences()}, {}));
  if (max_steps_.has_value() && values[1].scalar<int64_t>() >= *max_steps_) return false;
  const int required = GradientsRequired(replicas_.to_aggregate, values[2].data<int32_t>());
  if (values[0].scalar<int32_t>() < required) return false;
  const tf::Tensor enough = tf::Tensor::Scalar(static_cast<int32_t>(required));
  RETURN_IF_ERROR(session->Run({{update_.num_required, &enough}}, {}, {update_.apply}).status());
  return true;
}

Result<ReplicaSync::Update> ReplicaSync::WaitForUpdate(tf::Session* session) {
  const Clock::time_point deadline = Clock::now() + config_.session_creation_timeout;
  Clock::time_point next_line = Clock::now() + std::chrono::seconds(2);
  internal::Backoff pause = Pause();
  while (true) {
    {
      const std::lock_guard lock(mutex_);
      RETURN_IF_ERROR(failure_);
    }
    std::vector<tf::Tensor> values;
    {
      const auto guard = watchdog_->Guard(config_.step_timeout, "a synchronous update");
      ASSIGN_OR_RETURN(values, session->Run({},
                                            {update_.round, global_step_, control_.phase(),
                                             update_.contributions, control_.presences()},
                                            {}));
    }
    const auto phase = static_cast<JobPhase>(values[2].scalar<int32_t>());
    const Update update{.global_step = values[1].scalar<int64_t>(),
                        .job_ending = phase == JobPhase::kEnding || phase == JobPhase::kEnded};
    const int64_t round = values[0].scalar<int64_t>();
    if (round != round_) {
      // The step was read beside the round, maybe before it; the round's own is read now.
      round_ = round;
      stamp_ = tf::Tensor::Scalar(round_);
      ASSIGN_OR_RETURN(const std::vector<tf::Tensor> step, session->Run({}, {global_step_}, {}));
      return Update{.global_step = step[0].scalar<int64_t>(), .job_ending = update.job_ending};
    }
    if (update.job_ending || StopRequested()) return update;
    if (Clock::now() >= next_line || Clock::now() >= deadline) {
      const std::string waiting = fmt::format("the update after step {}: {}", update.global_step,
                                              Missing(values[3], values[4]));
      if (Clock::now() >= deadline) {
        return DeadlineExceededError(
            "waited {} s for {}; restart what is missing, or train with "
            "fewer replicas_to_aggregate",
            config_.session_creation_timeout.count(), waiting);
      }
      LogInfo("Waiting for {}.", waiting);
      reporter_->ReportSometimes({.phase = "waiting", .message = "waiting for " + waiting});
      next_line = Clock::now() + std::chrono::seconds(10);
    }
    pause.Sleep();
  }
}

std::string ReplicaSync::Missing(const tf::Tensor& contributions,
                                 const tf::Tensor& presences) const {
  const auto rounds = contributions.data<int64_t>();
  const auto present = presences.data<int32_t>();
  std::vector<std::string> missing;
  for (size_t i = 0; i < rounds.size(); ++i) {
    const bool has_left = i > 0 && i <= present.size() &&
                          present[i - 1] == static_cast<int32_t>(WorkerPresence::kLeft);
    if (rounds[i] == round_ || has_left) continue;
    missing.push_back(i == 0 ? "the chief" : fmt::format("worker {}", i - 1));
  }
  const int required = GradientsRequired(replicas_.to_aggregate, present);
  const auto there = std::count(rounds.begin(), rounds.end(), round_);
  if (there >= required) return "the chief makes it";
  return fmt::format("{} of {} gradients are there, none of {}", there, required,
                     fmt::join(missing, ", "));
}

}  // namespace trainyard::train

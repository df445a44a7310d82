#include "train/checkpoint_follower.h"

#include <unistd.h>

#include <random>

#include "base/files.h"
#include "base/log.h"
#include "train/stop_signal.h"

namespace trainyard::train {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kInterval(200);
constexpr std::chrono::milliseconds kRetry(1000);
constexpr std::chrono::seconds kBetweenLines(10);

}  // namespace

CheckpointFollower::CheckpointFollower(const RunConfig& config)
    : config_(config),
      address_(config.task.chief_address),
      mirror_({.directory = config.model_dir, .keep_max = config.keep_checkpoint_max}) {}

Result<std::unique_ptr<CheckpointFollower>> CheckpointFollower::Start(const RunConfig& config,
                                                                      ProgressReporter* reporter) {
  std::unique_ptr<CheckpointFollower> follower(new CheckpointFollower(config));
  RETURN_IF_ERROR(MakeDirectories(config.model_dir));
  const Clock::time_point deadline = Clock::now() + config.session_creation_timeout;
  Clock::time_point next_line = Clock::now() + std::chrono::seconds(2);
  while (true) {
    if (StopRequested()) return CancelledError("asked to stop while waiting for the chief");
    Status status = follower->Connect();
    if (status.ok()) {
      const Result<bool> same = follower->HasSameDirectory();
      if (same.ok() && *same) return follower;
      status = same.status();
    }
    if (status.ok()) break;
    follower->link_.reset();
    reporter->ReportSometimes(
        {.phase = "waiting",
         .message = fmt::format("waiting for the chief at {}", follower->address_)});
    if (Clock::now() >= deadline) {
      return UnavailableError("the chief at {} has given no checkpoints within {} s: {}",
                              follower->address_, config.session_creation_timeout.count(),
                              status.message());
    }
    if (Clock::now() >= next_line) {
      LogInfo("Waiting for the chief at {}: {}", follower->address_, status.message());
      next_line = Clock::now() + kBetweenLines;
    }
    std::this_thread::sleep_for(kInterval);
  }
  RETURN_IF_ERROR(follower->mirror_.Begin());
  follower->thread_ =
      std::jthread([raw = follower.get()](const std::stop_token& stop) { raw->Follow(stop); });
  return follower;
}

Status CheckpointFollower::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

Status CheckpointFollower::Connect() {
  const auto guard =
      watchdog_.Guard(config_.step_timeout, "connecting to the chief at " + address_);
  ASSIGN_OR_RETURN(link_, ChiefLink::Create("grpc://" + address_));
  ASSIGN_OR_RETURN(chief_dir_, link_->ReadModelDir());
  return OkStatus();
}

Result<bool> CheckpointFollower::HasSameDirectory() {
  const auto guard = watchdog_.Guard(config_.step_timeout, "asking the chief at " + address_);
  const std::string name = fmt::format(".shared-{}-{:x}", ::getpid(), std::random_device{}());
  const std::string probe = JoinPath(config_.model_dir, name);
  RETURN_IF_ERROR(WriteFileAtomically(probe, "written by the evaluator\n"));
  const Result<std::string> seen = link_->ReadFile(JoinPath(chief_dir_, name));
  RETURN_IF_ERROR(RemoveRecursively(probe));
  if (seen.ok()) return true;
  if (seen.status().code() == StatusCode::kNotFound) return false;
  return seen.status();
}

Result<bool> CheckpointFollower::Round() {
  if (link_ == nullptr) RETURN_IF_ERROR(Connect());
  const auto guard =
      watchdog_.Guard(config_.step_timeout, "fetching a checkpoint from the chief at " + address_);
  // With every look: a chief that came back begins without knowing of an evaluator.
  RETURN_IF_ERROR(link_->SetFollower(FollowerState::kFollowing));
  ChiefCheckpoints source(link_.get(), chief_dir_);
  ASSIGN_OR_RETURN(const bool has_all, mirror_.Update(source));
  if (has_all) RETURN_IF_ERROR(link_->SetFollower(FollowerState::kHasAll));
  return has_all;
}

void CheckpointFollower::Follow(const std::stop_token& stop) {
  Clock::time_point last_success = Clock::now();
  Clock::time_point next_line = Clock::now();
  while (!stop.stop_requested()) {
    const Result<bool> has_all = Round();
    if (has_all.ok() && *has_all) return;
    if (has_all.ok()) {
      last_success = Clock::now();
      next_line = Clock::now();
      std::this_thread::sleep_for(kInterval);
      continue;
    }
    const std::string& reason = has_all.status().message();
    // A session with a chief that was restarted is of no more use, whatever it says.
    link_.reset();
    if (Clock::now() - last_success >= config_.session_creation_timeout) {
      const std::lock_guard lock(mutex_);
      status_ = UnavailableError("no checkpoint could be fetched from the chief at {} for {} s: {}",
                                 address_, config_.session_creation_timeout.count(), reason);
      return;
    }
    if (Clock::now() >= next_line) {
      LogWarning("{}; asking the chief at {} again", reason, address_);
      next_line = Clock::now() + kBetweenLines;
    }
    std::this_thread::sleep_for(kRetry);
  }
}

}  // namespace trainyard::train

#include "train/checkpoints/checkpoint_follower.h"

#include "base/files.h"
#include "base/log.h"
#include "train/checkpoints/chief_directory.h"
#include "train/loop/stop_signal.h"

namespace trainyard::train {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kInterval(500);
constexpr std::chrono::milliseconds kRetry(1000);
constexpr std::chrono::seconds kBetweenLines(10);
constexpr std::chrono::milliseconds kNoPatience(0);

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
      const Result<bool> same = IsSameDirectory(follower->link_.get(), follower->chief_dir_,
                                                config.model_dir, kNoPatience);
      if (same.ok() && *same) {
        follower->has_checkpoint_ = true;
        return follower;
      }
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
  ASSIGN_OR_RETURN(link_, ChiefLink::Create({.target = "grpc://" + address_,
                                             .file_timeout = config_.step_timeout}));
  ASSIGN_OR_RETURN(chief_dir_, link_->ReadModelDir());
  return OkStatus();
}

Result<bool> CheckpointFollower::Round() {
  if (link_ == nullptr) RETURN_IF_ERROR(Connect());
  ChiefCheckpoints source(link_.get(), chief_dir_);
  ASSIGN_OR_RETURN(const bool has_all, mirror_.Update(source));
  has_checkpoint_ = mirror_.has_checkpoint();
  if (has_all) {
    RETURN_IF_ERROR(link_->SetFollower(FollowerState::kHasAll));
    link_.reset();  // now: nobody will be there to answer in a moment
  }
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
    const std::string reason = has_all.status().message();
    const StatusCode code = has_all.status().code();
    // A checkpoint that was deleted, or is damaged, says nothing against the link to the chief.
    if (code != StatusCode::kNotFound && code != StatusCode::kDataLoss) link_.reset();
    if (Clock::now() - last_success >= config_.session_creation_timeout) {
      const std::lock_guard lock(mutex_);
      status_ = UnavailableError("no checkpoint could be fetched from the chief at {} for {} s: {}",
                                 address_, config_.session_creation_timeout.count(), reason);
      return;
    }
    if (Clock::now() >= next_line) {
      LogWarning("the chief at {}: {}; asking it again", address_, reason);
      next_line = Clock::now() + kBetweenLines;
    }
    std::this_thread::sleep_for(kRetry);
  }
}

}  // namespace trainyard::train

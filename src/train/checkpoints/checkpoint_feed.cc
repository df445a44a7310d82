#include "train/checkpoints/checkpoint_feed.h"

#include <optional>
#include <thread>

#include "base/log.h"
#include "train/loop/stop_signal.h"

namespace trainyard::train {

bool CheckpointFeed::IsPossible(const RunConfig& config) {
  if (config.task.type != spec::kChief) return false;
  return config.uses_server() || (config.save_on_chief && !config.uses_all_reduce());
}

Result<std::unique_ptr<CheckpointFeed>> CheckpointFeed::Start(const RunConfig& config,
                                                              const std::string& target) {
  ASSIGN_OR_RETURN(std::unique_ptr<ChiefLink> link, ChiefLink::Create({.target = target}));
  RETURN_IF_ERROR(link->Announce(config.model_dir));
  return std::unique_ptr<CheckpointFeed>(new CheckpointFeed(config, std::move(link)));
}

CheckpointFeed::CheckpointFeed(const RunConfig& config, std::unique_ptr<ChiefLink> link)
    : expects_follower_(config.save_on_chief),
      patience_(config.step_timeout),
      link_(std::move(link)) {}

Status CheckpointFeed::WaitForFollower() {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::milliseconds kInterval(50);
  // From the start of this process: an evaluator looks for a chief every second.
  constexpr std::chrono::seconds kTimeToBeFound(5);
  std::optional<FollowerNews> last;
  Clock::time_point deadline;
  while (!StopRequested()) {
    ASSIGN_OR_RETURN(const FollowerNews news, link_->ReadFollower());
    if (news.state == FollowerState::kHasAll) return OkStatus();
    if (last != news) {
      last = news;
      deadline = news.state == FollowerState::kFollowing ? Clock::now() + patience_
                 : expects_follower_                     ? start_ + kTimeToBeFound
                                                         : start_;
    }
    if (Clock::now() >= deadline) {
      if (news.state == FollowerState::kFollowing) {
        LogWarning(
            "the evaluator has fetched checkpoints, but not the last one, and has not been heard "
            "of for {} s; ending without it",
            std::chrono::duration_cast<std::chrono::seconds>(patience_).count());
      }
      return OkStatus();
    }
    std::this_thread::sleep_for(kInterval);
  }
  return OkStatus();
}

}  // namespace trainyard::train

// The chief's side of an evaluator that fetches its checkpoints (checkpoint_follower.h).
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/status.h"
#include "train/checkpoints/chief_link.h"
#include "train/run_config.h"

namespace trainyard::train {

// Tells whoever asks this process's server where the checkpoints are, and waits at the end for an
// evaluator that fetches them. Owned by TrainAndEvaluate, in one thread.
//
//   ASSIGN_OR_RETURN(auto feed, CheckpointFeed::Start(config, server_target));
//   ... training, MarkTrainingEnd ...
//   RETURN_IF_ERROR(feed->WaitForFollower());
class CheckpointFeed {
 public:
  // Whether this process can do so: a chief that has a TensorFlow server, for its parameter servers
  // or, where it trains alone with save_on_chief, for the evaluator. A chief that trains by
  // all-reduce uses its address otherwise.
  static bool IsPossible(const RunConfig& config);

  // `target` is that of this process's started server.
  static Result<std::unique_ptr<CheckpointFeed>> Start(const RunConfig& config,
                                                       const std::string& target);

  // Returns when an evaluator that follows has the last checkpoint, or has not been heard of for
  // step_timeout (a warning says so), or the process was asked to stop. At once if none has ever
  // asked; but with save_on_chief a young process first gives one time to find it.
  Status WaitForFollower();

 private:
  CheckpointFeed(const RunConfig& config, std::unique_ptr<ChiefLink> link);

  const bool expects_follower_;
  const std::chrono::milliseconds patience_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  const std::unique_ptr<ChiefLink> link_;
};

}  // namespace trainyard::train

// What an evaluator and its chief tell each other, through the chief's TensorFlow server.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "tf/session.h"
#include "train/checkpoint_mirror.h"
#include "train/run_config.h"

namespace trainyard::train {

// Whether an evaluator fetches checkpoints from the chief.
enum class FollowerState : int32_t { kNone = 0, kFollowing = 1, kHasAll = 2 };

// A session with the chief's server alone. An evaluator is no part of the cluster, but a session
// needs no more than an address; so no port but the chief's is open, and where TensorFlow's server
// can be reached, by whom, and that it asks for no credentials stays as it is. Two variables on the
// chief's device, outside the model and never saved, carry where its model directory is and what
// the evaluator has; files are read by operations that run at the chief. A file is one message: of
// 2 GB at most.
//
// Owned by the process at either end. A chief that is restarted has lost the variables, and ends
// every link: make a new one. Thread-compatible.
class ChiefLink {
 public:
  // `target`: the chief's own (StartServer), or "grpc://<address>" for an evaluator. Unavailable if
  // nobody answers there.
  static Result<std::unique_ptr<ChiefLink>> Create(const std::string& target);

  // Chief: where the checkpoints are.
  Status Announce(const std::string& model_dir);
  // Chief.
  Result<FollowerState> ReadFollower();

  // Evaluator. Unavailable while the chief has announced nothing.
  Result<std::string> ReadModelDir();
  // Evaluator.
  Status SetFollower(FollowerState state);
  // Evaluator: a file of the chief's.
  Result<std::string> ReadFile(const std::string& path);
  // Evaluator: the paths of the files that begin with `prefix`.
  Result<std::vector<std::string>> ListFiles(const std::string& prefix);

 private:
  ChiefLink() = default;
  void Build();
  // Whether a variable has a value, and that.
  Result<std::vector<tf::Tensor>> ReadIfSet(const tf::Output& is_set, const tf::Output& value);

  tf::Graph graph_;
  tf::Output path_;  // fed
  tf::Output content_;
  tf::Output pattern_;  // fed
  tf::Output matches_;
  tf::Output new_directory_;  // fed
  tf::Operation set_directory_ = nullptr;
  tf::Output has_directory_;
  tf::Output directory_;
  tf::Output new_follower_;  // fed
  tf::Operation set_follower_ = nullptr;
  tf::Output has_follower_;
  tf::Output follower_;
  std::unique_ptr<tf::Session> session_;  // last: it uses the graph
};

// The chief's model directory, through a link, which it borrows.
class ChiefCheckpoints : public CheckpointSource {
 public:
  ChiefCheckpoints(ChiefLink* link, std::string model_dir)
      : link_(link), model_dir_(std::move(model_dir)) {}
  Result<std::string> Read(const std::string& name) override;
  Result<std::vector<std::string>> List(const std::string& checkpoint) override;

 private:
  ChiefLink* const link_;
  const std::string model_dir_;
};

// Whether this process serves its checkpoints to an evaluator: a chief with save_on_chief, in a
// cluster where it has a TensorFlow server or can start one (not among workers alone, whose chief
// uses its address otherwise).
bool FeedsEvaluator(const RunConfig& config);
// The session target of this process's own started server.
std::string ServerTarget(const RunConfig& config);
// The chief, with save_on_chief: lets an evaluator find the checkpoints. `target` is its server's.
Status AnnounceCheckpoints(const RunConfig& config, const std::string& target);
// The chief, after MarkTrainingEnd: returns when an evaluator that follows has the last checkpoint,
// or 30 seconds have passed (a warning says so), or the process was asked to stop. At once where
// none has ever asked.
Status WaitForFollower(const std::string& target);

}  // namespace trainyard::train

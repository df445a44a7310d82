// What an evaluator and its chief tell each other, through the chief's TensorFlow server.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "tf/session.h"

namespace trainyard::train {

// Whether an evaluator fetches checkpoints from the chief.
enum class FollowerState : int32_t { kNone = 0, kFollowing = 1, kHasAll = 2 };

// The evaluator's last word. `beat` changes with each: it is alive.
struct FollowerNews {
  FollowerState state = FollowerState::kNone;
  int32_t beat = 0;
  friend bool operator==(const FollowerNews&, const FollowerNews&) = default;
};

// A session with the chief's server alone. An evaluator is no part of the cluster, but a session
// needs no more than an address; so no port but the chief's is open, and whom TensorFlow's server
// lets in, and to which files, stays as it is (anybody who reaches it, to whatever the chief may
// read: keep clusters on networks of their own). Two variables on the chief's device, outside the
// model and never saved, carry where its model directory is and what the evaluator has; files are
// read by operations that run at the chief. A file is one message: of 2 GB at most.
//
// Owned by the process at either end. Every call has a deadline, and DeadlineExceeded says that the
// chief is not there or does not answer. A chief that is restarted has lost the variables, and ends
// every link (Aborted): make a new one. Thread-compatible.
class ChiefLink {
 public:
  struct Options {
    // The chief's own (StartServer), or "grpc://<address>" for an evaluator.
    std::string target;
    std::chrono::milliseconds call_timeout{5'000};
    std::chrono::milliseconds file_timeout{120'000};  // for ReadFile
  };
  static Result<std::unique_ptr<ChiefLink>> Create(const Options& options);

  // Chief: where the checkpoints are.
  Status Announce(const std::string& model_dir);
  // Chief.
  Result<FollowerNews> ReadFollower();

  // Evaluator. Unavailable while the chief has announced nothing.
  Result<std::string> ReadModelDir();
  // Evaluator; each call is a new beat.
  Status SetFollower(FollowerState state);
  // Evaluator: a file of the chief's. NotFound if there is none.
  Result<std::string> ReadFile(const std::string& path);
  // Evaluator: the paths of the files that begin with `prefix`.
  Result<std::vector<std::string>> ListFiles(const std::string& prefix);

 private:
  explicit ChiefLink(const Options& options) : options_(options) {}
  void Build();
  Result<std::vector<tf::Tensor>> Run(std::chrono::milliseconds limit,
                                      const std::vector<tf::Feed>& feeds,
                                      const std::vector<tf::Output>& fetches,
                                      const std::vector<tf::Operation>& targets = {});
  // A variable's value; none if it has not been set.
  Result<std::vector<tf::Tensor>> ReadIfSet(const tf::Output& is_set, const tf::Output& value);

  const Options options_;
  tf::Graph graph_;
  tf::Output path_;  // fed
  tf::Output content_;
  tf::Output pattern_;  // fed
  tf::Output matches_;
  tf::Output new_directory_;  // fed
  tf::Operation set_directory_ = nullptr;
  tf::Output has_directory_;
  tf::Output directory_;
  tf::Output new_follower_;  // fed: state and beat
  tf::Operation set_follower_ = nullptr;
  tf::Output has_follower_;
  tf::Output follower_;
  int32_t beat_ = 0;
  std::unique_ptr<tf::Session> session_;  // last: it uses the graph
};

}  // namespace trainyard::train

// How a training process runs: its role in the cluster and the Estimator's settings.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/status.h"
#include "spec/tf_config.h"

namespace trainyard::train {

// As tf.estimator.RunConfig; defaults are its own unless a comment says otherwise. A plain value.
//
//   RunConfig config{.model_dir = "out/model", .save_checkpoints_steps = 200};
//   RETURN_IF_ERROR(config.ReadEnvironment());
struct RunConfig {
  // Where checkpoints and event files go. Every process of a job needs the same directory, on
  // storage that parameter servers, chief and evaluator share.
  std::string model_dir;
  std::optional<int64_t> tf_random_seed;
  int64_t save_summary_steps = 100;  // 0: no summaries
  // At most one of the two is set; neither: only the first and the last step are saved.
  std::optional<int64_t> save_checkpoints_steps;
  std::optional<std::chrono::seconds> save_checkpoints_secs;
  int keep_checkpoint_max = 5;         // 0 keeps all
  int64_t log_step_count_steps = 100;  // between lines of progress in the log, and global_step/sec
  // How long to wait for the other tasks of the cluster before giving up.
  std::chrono::seconds session_creation_timeout{7200};

  // Ours. A training step, or a checkpoint, that takes longer ends the process with kExitLostPeer:
  // TensorFlow itself waits for ever for a parameter server that is frozen.
  std::chrono::seconds step_timeout{120};
  // Threads inside an operation and operations side by side; 0 = one per core.
  int intra_op_threads = 0;
  int inter_op_threads = 0;
  // Matrix products and convolutions in bfloat16, all else in float32. Falls back to float32, with
  // a warning, on processors that only emulate it.
  bool bfloat16 = false;

  // The role in the cluster; ReadEnvironment fills it.
  spec::TaskConfig task;

  // Reads TF_CONFIG into `task` and checks it and the fields above. InvalidArgument with the
  // message of RunConfig for the first mistake. An empty model_dir is taken from TF_CONFIG; it must
  // be given in one of the two, since a temporary one would differ in every process of a cluster.
  Status ReadEnvironment();

  bool is_chief() const { return task.is_chief; }
  bool is_distributed() const { return task.is_distributed(); }
  // Whether this process trains through a TensorFlow server, with variables on parameter servers.
  bool uses_server() const { return !task.cluster.empty() && task.cluster.NumTasks() > 1; }
  // "/job:worker/task:1"; "" without a server.
  std::string device() const;
};

// Exit codes beyond 0, 1 and 2, by which a job's restart policy tells what is worth a retry (128
// and above are, by the rule of the TFJob operator).
inline constexpr int kExitLostPeer = 138;    // another task of the cluster does not answer
inline constexpr int kExitTerminated = 143;  // told to stop (SIGTERM); saved what it had

}  // namespace trainyard::train

// How a training process runs: its role in the cluster and the Estimator's settings.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/status.h"
#include "spec/tf_config.h"
#include "train/partitioner.h"

namespace trainyard::train {

// As tf.estimator.RunConfig; defaults are its own unless a comment says otherwise. A plain value.
//
//   RunConfig config{.model_dir = "out/model", .save_checkpoints_steps = 200};
//   RETURN_IF_ERROR(config.ReadEnvironment());
struct RunConfig {
  // Where checkpoints and event files go. Every process of a job needs the same directory, on
  // storage that parameter servers, chief and evaluator share; with save_on_chief none is shared,
  // and the evaluator's metrics and exports are in its own.
  std::string model_dir;
  std::optional<int64_t> tf_random_seed;
  int64_t save_summary_steps = 100;  // 0: no summaries
  // At most one of the two is set; neither: every 600 seconds. The one that is set being 0, only
  // the first and the last step are saved. (Upstream saves nothing then, and loses what was
  // trained.)
  std::optional<int64_t> save_checkpoints_steps;
  std::optional<std::chrono::seconds> save_checkpoints_secs;
  int keep_checkpoint_max = 5;  // 0 keeps all
  // Of the checkpoints that are deleted by keep_checkpoint_max, one in so many hours is kept for
  // ever. > 0.
  double keep_checkpoint_every_n_hours = 10000;
  // Writes the training graph beside each checkpoint (`.meta`), for Python's import_meta_graph.
  // Nothing of ours reads it.
  bool checkpoint_save_graph_def = true;
  int64_t log_step_count_steps = 100;  // between lines of progress in the log, and global_step/sec
  // How long to wait for the other tasks of the cluster before giving up.
  std::chrono::seconds session_creation_timeout{7200};
  // The protocol between tasks: "" or "grpc". Upstream also takes "grpc+verbs", for which no
  // release of TensorFlow has a server.
  std::string protocol;

  // Ours. Only the chief (or master) needs a volume: it gathers the variables of the parameter
  // servers and writes the checkpoints alone, and sends them out when they are restored. Names and
  // format of the files stay the same, so a job may change between the two. Parameter servers and
  // workers need no model_dir; an evaluator has one of its own, into which it copies the chief's
  // newest checkpoint (checkpoint_follower.h; not by all-reduce). A worker that is restarted begins
  // with its first batch. Every process of a job needs the same setting.
  bool save_on_chief = false;
  // Ours. A training step, or a checkpoint, that takes longer ends the process with kExitLostPeer:
  // TensorFlow itself waits for ever for a parameter server that is frozen.
  std::chrono::seconds step_timeout{120};
  // Ours. With parameter servers: a process that was asked to stop (SIGTERM) and still waits so
  // much later for one of them, in a step or to save, ends without having saved. Keep it below the
  // grace period of whoever sends the signal (30 s in Kubernetes and trainyard run), which kills
  // then.
  std::chrono::seconds stop_timeout{25};
  // Threads inside an operation and operations side by side; 0 = one per core, or one in all for
  // training alone whose steps are too small to be shared (loop/thread_choice.h).
  int intra_op_threads = 0;
  int inter_op_threads = 0;
  // Parameter servers, synchronously: so many replicas' gradients make one update, with their mean,
  // and every replica goes on with the new weights; the batch of an update is that many times the
  // batch of a replica. As tf.train.SyncReplicasOptimizer. Replicas beyond that (chief and workers
  // together) are backups, whose gradients are dropped where they come too late. 0: asynchronous,
  // each replica's gradients are an update of their own. Without effect where there are no
  // parameter servers. How it goes on when replicas are lost: replica_sync.h.
  int replicas_to_aggregate = 0;
  // Parameter servers: splits large trainable variables, such as embeddings, by rows, so that
  // reads, updates and memory are shared by the servers; {} takes TensorFlow's defaults (one part
  // for each server, of 256 KiB or more). Layers, names and checkpoints stay as they are, so a run
  // may go on with another partitioner, other servers or none; evaluation and exports never split.
  // None: each variable is on one server. Every process of a job needs the same setting. As the
  // partitioner of tf.compat.v1.variable_scope. Without effect where there are no parameter
  // servers.
  std::optional<MinMaxVariablePartitioner> partitioner;
  // Matrix products and convolutions in bfloat16, all else in float32. Falls back to float32, with
  // a warning, on processors that only emulate it or that are no faster with it (bfloat16_choice.h;
  // each process decides for itself). With parameter servers, what those operations read of a
  // variable and the gradients that come out of them travel as bfloat16, in half the bytes;
  // variables, checkpoints and updates are float32. Gradients that are clipped or accumulated
  // (MinimizeOptions) travel as float32.
  bool bfloat16 = false;
  // With `bfloat16`: no measurement and no falling back; to repeat a run, or to compare.
  bool force_bfloat16 = false;

  // Not offered, of Estimator's fields: session_config (the fields above say what can be chosen;
  // device filters are always set), device_fn (variables go round robin over the parameter
  // servers), experimental_max_worker_delay_secs (workers start at once) and the distribution
  // strategies, which follow from TF_CONFIG.

  // The role in the cluster; ReadEnvironment fills it.
  spec::TaskConfig task;

  // RunConfig.service: the JSON object under "service" in TF_CONFIG as text; empty if there is
  // none.
  const std::string& service() const { return task.service; }

  // Reads TF_CONFIG into `task` and checks it and the fields above. InvalidArgument with the
  // message of RunConfig for the first mistake. An empty model_dir is taken from TF_CONFIG; it must
  // be given in one of the two, since a temporary one would differ in every process of a cluster.
  // Where needs_model_dir() is false it may stay empty.
  Status ReadEnvironment();

  bool is_chief() const { return task.is_chief; }
  bool is_distributed() const { return task.is_distributed(); }
  // Whether this process trains through a TensorFlow server, with variables on parameter servers.
  bool uses_server() const { return !task.cluster.empty() && task.num_ps_replicas > 0; }
  // Whether this process trains by all-reduce: with other workers, and without parameter servers.
  bool uses_all_reduce() const { return task.num_ps_replicas == 0 && task.num_worker_replicas > 1; }
  // Whether this process reads or writes model_dir: all do, but with save_on_chief neither
  // parameter servers nor workers.
  bool needs_model_dir() const;
  // "/job:worker/task:1"; "" without a server.
  std::string device() const;
};

// Exit codes beyond 0, 1 and 2, by which a job's restart policy tells what is worth a retry (128
// and above are, by the rule of the TFJob operator).
inline constexpr int kExitLostPeer = 138;    // another task of the cluster does not answer
inline constexpr int kExitTerminated = 143;  // told to stop (SIGTERM); saved what it had

}  // namespace trainyard::train

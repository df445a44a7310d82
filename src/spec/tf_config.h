// TF_CONFIG: the environment variable that tells a training process its cluster and its role in it.
//
// Two directions: whoever starts a job writes it (FormatTfConfig), a training program reads it
// (ParseTfConfig). All functions are pure and thread-safe.
//
//   const char* text = std::getenv("TF_CONFIG");
//   ASSIGN_OR_RETURN(TaskConfig task, text ? ParseTfConfig(text) : ParseTfConfig(std::nullopt));
//   if (task.type == kPs) ServeVariables(task.cluster, task.index);
//
// Rules, derived values and messages follow tf.estimator.RunConfig of TensorFlow 2.15; the written
// form follows the TFJob controller of kubeflow/training-operator v1.9. Where the former's message
// spans several lines, ours has the same words on one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "spec/cluster_spec.h"

namespace trainyard::spec {

// Task types, in the lower case that TF_CONFIG uses.
inline constexpr std::string_view kChief = "chief";
inline constexpr std::string_view kMaster = "master";  // the chief of the legacy layout
inline constexpr std::string_view kWorker = "worker";
inline constexpr std::string_view kPs = "ps";
inline constexpr std::string_view kEvaluator = "evaluator";

// One task's view of the job. The defaults are those of a program that runs alone.
struct TaskConfig {
  // Every task of the job; empty if the program runs alone, and for an evaluator, which is no part
  // of the training cluster.
  ClusterSpec cluster;
  std::string type{kWorker};
  int index = 0;

  std::string environment;  // "cloud", "google" or empty
  std::optional<std::string> model_dir;
  std::string service;  // the JSON object under "service", as text; empty if none

  bool is_chief = true;
  int num_ps_replicas = 0;
  int num_worker_replicas = 1;       // the chief counts as one more worker
  std::optional<int> global_id = 0;  // chief first, ps last; none for an evaluator
  // Ours: the place among those that train, the chief first, then the workers by index; none for
  // all others. (global_id counts an evaluator in the cluster before the workers.)
  std::optional<int> trainer_rank = 0;

  // Session targets: `session_master` if given, else "grpc://<own address>", or "" in a cluster of
  // one task. The second is for evaluators only.
  std::string master;
  std::string evaluation_master;

  // An evaluator's: where the chief's TensorFlow server is, "host:port". Empty in a cluster of
  // workers without parameter servers, which has none.
  std::string chief_address;

  // The tasks a training session of this role may contact; without them it waits for every task.
  std::vector<std::string> device_filters;

  // Whether there are other processes to train with, or to evaluate for.
  bool is_distributed() const { return !cluster.empty() || type == kEvaluator; }

  friend bool operator==(const TaskConfig&, const TaskConfig&) = default;
};

// nullopt means the variable is not set: the program runs alone. An empty text is a mistake, as it
// is for RunConfig. InvalidArgument with the documented message on the first broken rule.
//
// An evaluator's index has no upper bound here; TrainAndEvaluate accepts index 0 only.
Result<TaskConfig> ParseTfConfig(std::optional<std::string_view> json);

// The text for one task, compact, keys in the controller's order:
// {"cluster":{"ps":["h:1"],"worker":["h:2"]},"task":{"type":"ps","index":0},"environment":"cloud"}
std::string FormatTfConfig(const ClusterSpec& cluster, std::string_view type, int index);

// The form for jobs with enableDynamicWorker, in which workers may come and go: a worker sees
// itself (by its index) and all parameter servers, a parameter server sees itself only. No
// "environment". Better than the controller, whose form is of no use to a job with a chief: a chief
// is in every task's cluster, and parameter servers then see each other, as RunConfig wants it.
std::string FormatSparseTfConfig(const ClusterSpec& cluster, std::string_view type, int index);

}  // namespace trainyard::spec

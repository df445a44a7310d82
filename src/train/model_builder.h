// Where a model function builds its network: a graph, its variables, and the mode.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/status.h"
#include "tf/graph.h"
#include "train/strategies/synchronous_update.h"
#include "train/variable.h"

namespace trainyard::train {

// What a graph is built for. As tf.estimator.ModeKeys.
enum class Mode { kTrain, kEval, kPredict };

struct VariableOptions {
  tf::DataType dtype = tf::DataType::kFloat;
  bool trainable = true;
  bool saved = true;  // false: job control alone; see Variable
};

// The moving average of a trainable variable is its slot of this name, as TensorFlow's.
inline constexpr char kMovingAverageSlot[] = "ExponentialMovingAverage";

// Rows of a variable that the network reads by their numbers.
struct SparseLookup {
  const Variable* variable;
  tf::Output ids;   // int32 or int64, any shape
  tf::Output rows;  // [shape of ids..., shape of a row...]
};

// Collects everything a model function makes. Not owned by the model function; lives as long as the
// graph it builds in. Thread-compatible.
//
// Names and placement are deterministic: the same model function called on every replica gives the
// same variables in the same order, spread round robin over the parameter servers (global step
// first, as tf.train.replica_device_setter does; each part of a split variable counts). Replicas
// that disagreed would silently train two variables.
//
// Failures while building stay in graph().status(); the caller of the model function checks once.
//
//   tf::Output Scale(ModelBuilder& model, const tf::Output& x) {
//     const tf::Scope scope = model.scope().Named("scale");
//     const Variable& gamma = model.AddVariable(scope.FullName("gamma"), {1}, Ones());
//     return tf::Mul(scope, x, gamma.value);
//   }
class ModelBuilder {
 public:
  struct Options {
    Mode mode = Mode::kTrain;
    std::optional<int64_t> seed;  // of initial values and dropout; none: different in each run
    int num_ps_tasks = 0;         // 0: variables live in this process
    std::string compute_device;   // of everything but variables, e.g. "/job:worker/task:1"
    int num_replicas = 1;         // that train by all-reduce, each with its own variables
    // Splits large trainable variables; max_partitions 0 stands for num_ps_tasks. None: no splits.
    std::optional<MinMaxVariablePartitioner> partitioner = {};
    // With parameter servers, see RunConfig::replicas_to_aggregate.
    SynchronousReplicas synchronous = {};
  };

  ModelBuilder(tf::Graph* graph, Options options);
  ModelBuilder(const ModelBuilder&) = delete;
  ModelBuilder& operator=(const ModelBuilder&) = delete;

  tf::Graph& graph() const { return *graph_; }
  // The root scope, on the compute device.
  const tf::Scope& scope() const { return scope_; }
  Mode mode() const { return options_.mode; }
  bool training() const { return options_.mode == Mode::kTrain; }
  int num_replicas() const { return options_.num_replicas; }

  // The number of updates applied so far: int64 scalar "global_step", the first variable.
  const Variable& global_step() const { return variables_.front(); }

  // Adds a variable under its exact name. A name used twice fails the graph. One that Options says
  // to split is returned as the whole. Its first value is computed as a whole, on the compute
  // device, so that it is that of an unsplit variable of the same seed.
  const Variable& AddVariable(const std::string& name, const tf::Shape& shape,
                              const Initializer& initializer, const VariableOptions& options = {});
  // Adds a variable that lives beside `primary` (an optimizer's slot), called "<primary>/<slot>"
  // unless `slot` starts with '/', which names it absolutely. Not trainable; takes no turn in the
  // round robin. The slot of a part, of the same shape, is the same part of "<whole>/<slot>".
  const Variable& AddSlot(const Variable& primary, const std::string& slot, const tf::Shape& shape,
                          const Initializer& initializer, const VariableOptions& options = {});

  // The rows `ids` (int32 or int64, any shape; other integers are cast) of a variable, in the shape
  // of the ids followed by that of a row. Read where the variable, or the part, is, so that only
  // the rows travel from a parameter server. The gradient with respect to the variable is sparse:
  // see train/gradient.h. A run with an id outside of the variable ends in InvalidArgument with
  // that id and its place.
  tf::Output Lookup(const Variable& variable, const tf::Output& ids);
  const std::vector<SparseLookup>& lookups() const { return lookups_; }

  // In evaluation and prediction, the trainable variables added from here on are their moving
  // averages: each is called, and restored from a checkpoint by, the name
  // "<variable>/ExponentialMovingAverage", which MinimizeOptions::moving_average_decay makes in
  // training. No effect in kTrain. Call first in a model function; exports then hold the averages
  // alone.
  void UseMovingAverages() { uses_moving_averages_ = true; }

  // All that is stored, in creation order: parts instead of wholes.
  const std::deque<Variable>& variables() const { return variables_; }
  // What layers have added to be trained: wholes instead of parts.
  const std::vector<const Variable*>& trainable_variables() const { return trainable_; }

  // An operation to run with every training step, such as an update of moving averages.
  void AddUpdate(tf::Operation update) { updates_.push_back(update); }
  const std::vector<tf::Operation>& updates() const { return updates_; }

  // The mean of `local` (float, of this shape) over the replicas that train by all-reduce: what an
  // update of a variable may use, so that the variable stays the same in all of them. Minimize and
  // BatchNorm call it. `local` itself where there is one replica.
  //
  // The mean is a placeholder: a step runs the graph for the local values, exchanges them, and runs
  // it again with the means. An operation behind it must therefore need nothing of the network that
  // is not cheap to compute again.
  tf::Output MeanOverReplicas(const tf::Output& local, const tf::Shape& shape);
  struct ReplicaMean {
    tf::Output local;
    tf::Output mean;
    tf::Shape shape;
  };
  const std::vector<ReplicaMean>& replica_means() const { return replica_means_; }
  // Whether the operation waits for a mean: it belongs to a step's second run.
  bool NeedsReplicaMeans(tf::Operation op) const;
  // Whose gradients Minimize averages; and what it made for that, none if updates are asynchronous.
  const SynchronousReplicas& synchronous_replicas() const { return options_.synchronous; }
  void SetSynchronousUpdate(SynchronousUpdate update) { synchronous_update_ = std::move(update); }
  const std::optional<SynchronousUpdate>& synchronous_update() const { return synchronous_update_; }

  // A scalar (float) to write to the event file every save_summary_steps.
  void AddScalarSummary(const std::string& tag, const tf::Output& value);
  const std::vector<std::pair<std::string, tf::Output>>& scalar_summaries() const {
    return scalar_summaries_;
  }

  // Any other summary, to be written with the scalars: a string scalar, a serialized Summary. See
  // summaries.h.
  void AddSummary(const tf::Output& serialized) { summaries_.push_back(serialized); }
  const std::vector<tf::Output>& summaries() const { return summaries_; }

  // A file that the model reads, such as a vocabulary: its path as a string scalar. An exported
  // model carries a copy, and the constant names that one wherever the model is loaded.
  tf::Output AddAsset(const std::string& path);
  struct Asset {
    std::string path;
    tf::Output tensor;
  };
  const std::vector<Asset>& assets() const { return assets_; }
  // An operation that fills a lookup table; run in each new session, and when an exported model is
  // loaded.
  void AddTableInitializer(tf::Operation op) { table_initializers_.push_back(op); }
  const std::vector<tf::Operation>& table_initializers() const { return table_initializers_; }

  // The seeds of the next random operation; zeros without Options::seed.
  Seed NextSeed();

 private:
  // The operations around `variable`, which has all but these; it starts as what `first_value`
  // builds on its device, in the scope given.
  const Variable& Add(Variable variable,
                      const std::function<tf::Output(const tf::Scope&)>& first_value);
  const Variable& AddParts(Variable whole, const std::vector<RowRange>& rows,
                           const Initializer& initializer);
  std::vector<RowRange> RowsOfParts(const tf::Shape& shape, const VariableOptions& options) const;
  std::string NextVariableDevice();

  tf::Graph* const graph_;
  const Options options_;
  const tf::Scope scope_;
  std::deque<Variable> variables_;  // a deque: references stay valid as it grows
  std::deque<Variable> wholes_;     // those that have parts
  std::vector<const Variable*> trainable_;
  std::vector<SparseLookup> lookups_;
  std::vector<tf::Operation> updates_;
  std::vector<ReplicaMean> replica_means_;
  std::unordered_set<tf::Operation> replica_mean_ops_;
  std::optional<SynchronousUpdate> synchronous_update_;
  std::vector<std::pair<std::string, tf::Output>> scalar_summaries_;
  std::vector<tf::Output> summaries_;
  std::vector<Asset> assets_;
  std::vector<tf::Operation> table_initializers_;
  bool uses_moving_averages_ = false;
  int next_ps_task_ = 0;
  int64_t next_seed_ = 1;
};

}  // namespace trainyard::train

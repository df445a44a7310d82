#include "train/model_builder.h"

#include "base/log.h"
#include "tf/depends_on.h"
#include "tf/ops.h"
#include "train/internal/parts.h"

namespace trainyard::train {
namespace {

Variable MakeVariable(std::string name, const tf::Shape& shape, const VariableOptions& options) {
  return {.name = std::move(name),
          .shape = shape,
          .dtype = options.dtype,
          .trainable = options.trainable,
          .saved = options.saved,
          .device = {},
          .handle = {},
          .value = {}};
}

void CheckIsNew(tf::Graph* graph, const std::string& name) {
  if (graph->FindOperation(name) == nullptr) return;
  graph->Fail(AlreadyExistsError("a variable named \"{}\" exists already", name));
}

}  // namespace

ModelBuilder::ModelBuilder(tf::Graph* graph, Options options)
    : graph_(graph),
      options_(std::move(options)),
      scope_(tf::Scope(graph).OnDevice(options_.compute_device)) {
  AddVariable(
      "global_step", {},
      [](const tf::Scope& scope, const tf::Shape&, Seed) { return tf::Const(scope, int64_t{0}); },
      {.dtype = tf::DataType::kInt64, .trainable = false});
}

const Variable& ModelBuilder::AddVariable(const std::string& name, const tf::Shape& shape,
                                          const Initializer& initializer,
                                          const VariableOptions& options) {
  const bool averaged = uses_moving_averages_ && options.trainable && !training();
  const std::vector<RowRange> rows = RowsOfParts(shape, options);
  Variable variable = MakeVariable(averaged ? fmt::format("{}/{}", name, kMovingAverageSlot) : name,
                                   shape, options);
  const bool split = rows.size() > 1;
  if (!split) variable.device = NextVariableDevice();
  const Variable& added = split ? AddParts(std::move(variable), rows, initializer)
                                : Add(std::move(variable), [&](const tf::Scope& scope) {
                                    return initializer(scope, shape, NextSeed());
                                  });
  if (options.trainable) trainable_.push_back(&added);
  return added;
}

const Variable& ModelBuilder::AddSlot(const Variable& primary, const std::string& slot,
                                      const tf::Shape& shape, const Initializer& initializer,
                                      const VariableOptions& options) {
  const bool is_absolute = slot.starts_with('/');
  Variable variable = MakeVariable(
      is_absolute ? slot.substr(1) : fmt::format("{}/{}", primary.name, slot), shape, options);
  variable.trainable = false;
  variable.device = primary.device;
  if (primary.part_of.has_value() && !is_absolute && shape == primary.shape) {
    variable.part_of = primary.part_of;
    variable.part_of->name += "/" + slot;
  }
  return Add(std::move(variable),
             [&](const tf::Scope& scope) { return initializer(scope, shape, NextSeed()); });
}

const Variable& ModelBuilder::Add(Variable variable,
                                  const std::function<tf::Output(const tf::Scope&)>& first_value) {
  const std::string& name = variable.name;
  const tf::Scope scope = tf::Scope(graph_).OnDevice(variable.device);
  CheckIsNew(graph_, name);
  variable.handle = scope.Op("VarHandleOp", name)
                        .Type("dtype", variable.dtype)
                        .ShapeOf("shape", variable.shape)
                        .String("shared_name", name)
                        .Out();
  const tf::Scope inner = scope.Inside(name);
  const tf::Output first = first_value(inner.Inside("Initializer"));
  variable.initialize = inner.Op("AssignVariableOp", "Assign")
                            .In(variable.handle)
                            .In(first)
                            .Type("dtype", variable.dtype)
                            .Finish();
  variable.value = inner.Op("ReadVariableOp", "Read/ReadVariableOp")
                       .In(variable.handle)
                       .Type("dtype", variable.dtype)
                       .Out();
  variables_.push_back(std::move(variable));
  return variables_.back();
}

std::vector<RowRange> ModelBuilder::RowsOfParts(const tf::Shape& shape,
                                                const VariableOptions& options) const {
  // What is not trained is updated by layers, which need its handle.
  if (!options_.partitioner.has_value() || !options.trainable) return {};
  MinMaxVariablePartitioner partitioner = *options_.partitioner;
  if (partitioner.max_partitions == 0) partitioner.max_partitions = options_.num_ps_tasks;
  return PartitionRows(partitioner, shape, options.dtype);
}

const Variable& ModelBuilder::AddParts(Variable whole, const std::vector<RowRange>& rows,
                                       const Initializer& initializer) {
  CheckIsNew(graph_, whole.name);
  const tf::Scope scope = scope_.Inside(whole.name);
  const tf::Output first = initializer(scope.Inside("Initializer"), whole.shape, NextSeed());
  const std::vector<tf::Output> first_values = internal::SplitByRows(scope, first, rows);
  std::vector<tf::Output> values;
  std::vector<tf::Operation> initialized;
  for (size_t i = 0; i < rows.size(); ++i) {
    Variable part = whole;
    part.name = fmt::format("{}/part_{}", whole.name, i);
    part.shape.front() = rows[i].size;
    part.device = NextVariableDevice();
    part.part_of = WholeVariable{.name = whole.name, .shape = whole.shape, .rows = rows[i]};
    whole.parts.push_back(&Add(std::move(part), [&](const tf::Scope&) { return first_values[i]; }));
    values.push_back(whole.parts.back()->value);
    initialized.push_back(whole.parts.back()->initialize);
  }
  whole.device = whole.parts.front()->device;
  whole.value = tf::Identity(scope_, internal::ConcatRows(scope.Inside("ConcatPartitions"), values),
                             whole.name);
  whole.initialize = tf::Group(scope, initialized, "Assign");
  if (training()) {
    LogInfo("Variable {} {} is split into {} parts.", whole.name, tf::ShapeToString(whole.shape),
            rows.size());
  }
  wholes_.push_back(std::move(whole));
  return wholes_.back();
}

tf::Output ModelBuilder::Lookup(const Variable& variable, const tf::Output& ids) {
  const bool is_index =
      tf::OutputType(ids) == tf::DataType::kInt32 || tf::OutputType(ids) == tf::DataType::kInt64;
  const tf::Output indices = is_index ? ids : tf::Cast(scope_, ids, tf::DataType::kInt32);
  const tf::Scope scope = scope_.Inside(variable.name);
  const tf::Output rows = variable.parts.empty()
                              ? internal::LookUpRows(scope, variable, indices)
                              : internal::LookUpRowsOfParts(scope, variable, indices);
  lookups_.push_back({&variable, indices, rows});
  return rows;
}

tf::Output ModelBuilder::MeanOverReplicas(const tf::Output& local, const tf::Shape& shape) {
  if (options_.num_replicas == 1 || !training() || !local) return local;
  if (tf::OutputType(local) != tf::DataType::kFloat) {
    graph_->Fail(UnimplementedError(
        "{} is not float32: the exchange between workers is for float32 variables alone",
        tf::OutputName(local)));
    return {};
  }
  const tf::Output mean =
      tf::Placeholder(scope_.Inside("train"), tf::DataType::kFloat, shape, "replica_mean");
  replica_means_.push_back({local, mean, shape});
  replica_mean_ops_.insert(mean.op);
  return mean;
}

bool ModelBuilder::NeedsReplicaMeans(tf::Operation op) const {
  return !replica_mean_ops_.empty() && tf::RunsAfter(op, replica_mean_ops_);
}

void ModelBuilder::AddScalarSummary(const std::string& tag, const tf::Output& value) {
  scalar_summaries_.emplace_back(tag, value);
}

tf::Output ModelBuilder::AddAsset(const std::string& path) {
  for (const Asset& asset : assets_) {
    if (asset.path == path) return asset.tensor;
  }
  assets_.push_back({path, tf::Const(scope_, tf::Tensor::StringScalar(path), "asset_path")});
  return assets_.back().tensor;
}

Seed ModelBuilder::NextSeed() {
  if (!options_.seed.has_value()) return {0, 0};
  // TensorFlow takes {0, 0} for "random"; the counter, from 1, keeps a user's seed 0 reproducible.
  return {*options_.seed, next_seed_++};
}

std::string ModelBuilder::NextVariableDevice() {
  if (options_.num_ps_tasks == 0) return "";
  return fmt::format("/job:ps/task:{}", next_ps_task_++ % options_.num_ps_tasks);
}

}  // namespace trainyard::train

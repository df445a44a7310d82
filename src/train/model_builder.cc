#include "train/model_builder.h"

#include <algorithm>

#include "tf/depends_on.h"
#include "tf/ops.h"

namespace trainyard::train {

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
  const std::string full_name = averaged ? fmt::format("{}/{}", name, kMovingAverageSlot) : name;
  return Add(full_name, shape, NextVariableDevice(), initializer, options);
}

const Variable& ModelBuilder::AddSlot(const Variable& primary, const std::string& slot,
                                      const tf::Shape& shape, const Initializer& initializer,
                                      const VariableOptions& options) {
  VariableOptions slot_options = options;
  slot_options.trainable = false;
  const std::string name =
      slot.starts_with('/') ? slot.substr(1) : fmt::format("{}/{}", primary.name, slot);
  return Add(name, shape, primary.device, initializer, slot_options);
}

const Variable& ModelBuilder::Add(const std::string& name, const tf::Shape& shape,
                                  const std::string& device, const Initializer& initializer,
                                  const VariableOptions& options) {
  const tf::Scope scope = tf::Scope(graph_).OnDevice(device);
  if (graph_->FindOperation(name) != nullptr) {
    graph_->Fail(AlreadyExistsError("a variable named \"{}\" exists already", name));
  }
  Variable variable{.name = name,
                    .shape = shape,
                    .dtype = options.dtype,
                    .trainable = options.trainable,
                    .saved = options.saved,
                    .device = device,
                    .handle = {},
                    .value = {}};
  variable.handle = scope.Op("VarHandleOp", name)
                        .Type("dtype", options.dtype)
                        .ShapeOf("shape", shape)
                        .String("shared_name", name)
                        .Out();
  const tf::Scope inner = scope.Inside(name);
  const tf::Output first = initializer(inner.Inside("Initializer"), shape, NextSeed());
  variable.initialize = inner.Op("AssignVariableOp", "Assign")
                            .In(variable.handle)
                            .In(first)
                            .Type("dtype", options.dtype)
                            .Finish();
  variable.value = inner.Op("ReadVariableOp", "Read/ReadVariableOp")
                       .In(variable.handle)
                       .Type("dtype", options.dtype)
                       .Out();
  variables_.push_back(std::move(variable));
  return variables_.back();
}

tf::Output ModelBuilder::Lookup(const Variable& variable, const tf::Output& ids) {
  const tf::Scope scope = tf::Scope(graph_).OnDevice(variable.device).Inside(variable.name);
  const bool is_index =
      tf::OutputType(ids) == tf::DataType::kInt32 || tf::OutputType(ids) == tf::DataType::kInt64;
  const tf::Output indices = is_index ? ids : tf::Cast(scope_, ids, tf::DataType::kInt32);
  const tf::Output rows = scope.Op("ResourceGather", "Lookup")
                              .In(variable.handle)
                              .In(indices)
                              .Type("dtype", variable.dtype)
                              .Out();
  lookups_.push_back({&variable, indices, rows});
  return rows;
}

std::vector<const Variable*> ModelBuilder::trainable_variables() const {
  std::vector<const Variable*> trainable;
  for (const Variable& variable : variables_) {
    if (variable.trainable) trainable.push_back(&variable);
  }
  return trainable;
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

#include "train/checkpoints/saver.h"

#include <algorithm>
#include <map>
#include <span>

#include "tf/checkpoint_reader.h"
#include "tf/ops.h"
#include "train/checkpoints/checkpoint_files.h"

namespace trainyard::train {
namespace {

// The variables of one file, as the parallel lists that SaveV2 and RestoreV2 take.
struct Shard {
  std::vector<const Variable*> variables;
  tf::Output names;
  tf::Output slices;  // of tensors that are split; empty strings: whole ones
  std::vector<tf::Output> values;
  std::vector<tf::DataType> types;
};

tf::Output StringConst(const tf::Scope& scope, const std::vector<std::string>& values,
                       const std::string& name) {
  const tf::Shape shape = {static_cast<int64_t>(values.size())};
  return tf::Const(scope, tf::Tensor::FromStrings(shape, values), name);
}

Shard MakeShard(const tf::Scope& scope, std::vector<const Variable*> variables) {
  std::stable_sort(variables.begin(), variables.end(), [](const Variable* a, const Variable* b) {
    return a->saved_name() < b->saved_name();
  });
  Shard shard;
  std::vector<std::string> names;
  std::vector<std::string> slices;
  for (const Variable* variable : variables) {
    names.push_back(variable->saved_name());
    slices.push_back(variable->saved_slice());
    shard.values.push_back(variable->value);
    shard.types.push_back(variable->dtype);
  }
  shard.names = StringConst(scope, names, "tensor_names");
  shard.slices = StringConst(scope, slices, "shape_and_slices");
  shard.variables = std::move(variables);
  return shard;
}

// Read at `files`, assigned at `scope`, where the variables are.
std::vector<tf::Operation> AddRestore(const tf::Scope& scope, const tf::Scope& files,
                                      const tf::Output& filename, const Shard& shard) {
  const tf::Operation restore = files.Op("RestoreV2")
                                    .In(filename)
                                    .In(shard.names)
                                    .In(shard.slices)
                                    .Types("dtypes", shard.types)
                                    .Finish();
  std::vector<tf::Operation> assigns;
  for (size_t i = 0; i < shard.variables.size(); ++i) {
    const tf::Output value = restore == nullptr ? tf::Output{} : tf::Output{restore, int(i)};
    assigns.push_back(scope.Op("AssignVariableOp")
                          .In(shard.variables[i]->handle)
                          .In(tf::Identity(scope, value))
                          .Type("dtype", shard.variables[i]->dtype)
                          .Finish());
  }
  return assigns;
}

}  // namespace

Saver::Saver(tf::Graph* graph, const std::deque<Variable>& variables, const SaverPlace& place) {
  std::map<std::string, std::vector<const Variable*>> by_device;
  for (const Variable& variable : variables) {
    if (!variable.saved) continue;
    variables_.push_back(variable);
    by_device[variable.device].push_back(&variable);
  }
  const tf::Scope root(graph);
  const tf::Scope scope = root.Inside("save");
  const tf::Output default_name =
      tf::Const(scope, tf::Tensor::StringScalar("model"), "filename/input");
  const auto with_default = [&](const tf::Output& input, const std::string& name) {
    return scope.Op("PlaceholderWithDefault", name)
        .In(input)
        .Type("dtype", tf::DataType::kString)
        .ShapeOf("shape", {})
        .Out();
  };
  filename_ = with_default(with_default(default_name, "filename"), "Const");
  const tf::Output temporary =
      scope.Op("StringJoin")
          .InList({filename_, tf::Const(scope, tf::Tensor::StringScalar("_temp/part"))})
          .Out();
  std::vector<tf::Output> written;
  std::vector<tf::Operation> saves;
  std::vector<tf::Operation> restores;
  std::string last_device;
  std::vector<std::pair<std::string, std::vector<const Variable*>>> shards;
  for (auto& [device, on_device] : by_device) {
    for (auto& file : internal::SplitIntoFiles(std::move(on_device))) {
      shards.emplace_back(device, std::move(file));
    }
  }
  const auto num_shards = static_cast<int32_t>(shards.size());
  for (auto& [device, in_file] : shards) {
    const tf::Scope here = scope.OnDevice(device);
    const tf::Scope files = scope.OnDevice(place.on_one_device.value_or(device));
    const Shard shard = MakeShard(files, std::move(in_file));
    const tf::Output name = files.Op("ShardedFilename")
                                .In(temporary)
                                .In(tf::Const(files, static_cast<int32_t>(written.size())))
                                .In(tf::Const(files, num_shards))
                                .Out();
    saves.push_back(files.Op("SaveV2")
                        .In(name)
                        .In(shard.names)
                        .In(shard.slices)
                        .InList(shard.values)
                        .Types("dtypes", shard.types)
                        .Finish());
    written.push_back(name);
    const std::vector<tf::Operation> assigns = AddRestore(here, files, filename_, shard);
    restores.insert(restores.end(), assigns.begin(), assigns.end());
    last_device = place.on_one_device.value_or(device);
  }
  const tf::Scope merging = scope.OnDevice(last_device);
  const tf::Output prefixes = merging.Op("Pack", "MergeV2Checkpoints/checkpoint_prefixes")
                                  .InList(written)
                                  .Int("axis", 0)
                                  .Control(saves)
                                  .Out();
  const tf::Operation merge = merging.Op("MergeV2Checkpoints")
                                  .In(prefixes)
                                  .In(filename_)
                                  .Bool("delete_old_dirs", true)
                                  .Finish();
  saved_name_ = merging.Op("Identity", "Identity").In(filename_).Control(merge).Out();
  restore_all_ = tf::Group(scope, restores, "restore_all");
}

Status Saver::Save(tf::Session* session, const std::string& prefix) const {
  const tf::Tensor name = tf::Tensor::StringScalar(prefix);
  Status status = session->Run({{filename_, &name}}, {saved_name_}, {}).status();
  if (status.code() == StatusCode::kNotFound) {
    // Merging found no part files: a parameter server wrote them to a disk of its own.
    status = Status(status.code(), status.message() +
                                       "; all parameter servers and the chief need the same "
                                       "model directory on shared storage, or save_on_chief");
  }
  return status.WithContext(fmt::format("cannot save checkpoint {}", prefix));
}

Status Saver::Restore(tf::Session* session, const std::string& prefix) const {
  RETURN_IF_ERROR(CheckFits(prefix));
  const tf::Tensor name = tf::Tensor::StringScalar(prefix);
  return session->Run(std::vector<tf::Feed>{{filename_, &name}}, {}, std::vector{restore_all_})
      .status()
      .WithContext(fmt::format("cannot restore checkpoint {}", prefix));
}

Status Saver::CheckFits(const std::string& prefix) const {
  ASSIGN_OR_RETURN(const tf::CheckpointReader reader, tf::CheckpointReader::Open(prefix));
  const auto mismatch = [&](const std::string& what) {
    return InvalidArgumentError(
        "cannot restore checkpoint {}: it is another network's: {}; use another model directory, "
        "or the settings it was trained with",
        prefix, what);
  };
  for (const Variable& variable : variables_) {
    const auto entry = reader.entries().find(variable.saved_name());
    if (entry == reader.entries().end()) {
      return mismatch(fmt::format("it has no variable \"{}\"", variable.saved_name()));
    }
    if (entry->second.dtype != variable.dtype || entry->second.shape != variable.saved_shape()) {
      return mismatch(
          fmt::format("\"{}\" is {}{} there and {}{} here", variable.saved_name(),
                      tf::DataTypeName(entry->second.dtype), tf::ShapeToString(entry->second.shape),
                      tf::DataTypeName(variable.dtype), tf::ShapeToString(variable.saved_shape())));
    }
  }
  return OkStatus();
}

}  // namespace trainyard::train

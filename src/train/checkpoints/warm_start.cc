#include "train/checkpoints/warm_start.h"

#include <algorithm>
#include <optional>
#include <regex>
#include <set>

#include "base/files.h"
#include "base/log.h"
#include "tf/checkpoint_reader.h"
#include "tf/ops.h"
#include "train/checkpoints/checkpoint_directory.h"
#include "train/internal/parts.h"

namespace trainyard::train {
namespace {

Result<std::string> FindCheckpoint(const std::string& path) {
  if (PathExists(path + ".index")) return path;
  if (IsDirectory(path)) return LatestCheckpoint(path);
  return NotFoundError("there is no checkpoint {}", path);
}

// std::regex throws; here is the border.
Result<std::regex> Compile(const std::string& expression) {
  try {
    return std::regex(expression);
  } catch (const std::regex_error& error) {
    return InvalidArgumentError("\"{}\" is no regular expression: {}", expression, error.what());
  }
}

Result<std::vector<const Variable*>> Choose(const ModelBuilder& model,
                                            const std::vector<std::string>& expressions) {
  if (expressions.empty()) return internal::StoredTrainableVariables(model);
  std::vector<const Variable*> chosen;
  for (const std::string& expression : expressions) {
    ASSIGN_OR_RETURN(const std::regex compiled, Compile(expression));
    bool matched = false;
    for (const Variable& variable : model.variables()) {
      if (!variable.saved || &variable == &model.global_step() ||
          !std::regex_search(variable.saved_name(), compiled,
                             std::regex_constants::match_continuous)) {
        continue;
      }
      matched = true;
      if (std::find(chosen.begin(), chosen.end(), &variable) == chosen.end()) {
        chosen.push_back(&variable);
      }
    }
    if (!matched) {
      return InvalidArgumentError("no variable of the model matches \"{}\"", expression);
    }
  }
  return chosen;
}

Status CheckFits(const Variable& variable, const std::string& previous,
                 const tf::CheckpointReader& reader) {
  const auto entry = reader.entries().find(previous);
  if (entry == reader.entries().end()) {
    return NotFoundError("the checkpoint has no variable \"{}\" for \"{}\"", previous,
                         variable.saved_name());
  }
  if (entry->second.dtype == variable.dtype && entry->second.shape == variable.saved_shape()) {
    return OkStatus();
  }
  return InvalidArgumentError("\"{}\" is {}{} in the checkpoint, and \"{}\" is {}{} here", previous,
                              tf::DataTypeName(entry->second.dtype),
                              tf::ShapeToString(entry->second.shape), variable.saved_name(),
                              tf::DataTypeName(variable.dtype),
                              tf::ShapeToString(variable.saved_shape()));
}

// Read by this process, which has found the checkpoint; only tensors travel to the variables.
tf::Operation AddAssign(const tf::Scope& scope, const std::string& prefix, const Variable& variable,
                        const std::string& previous) {
  const auto strings = [&](const std::string& text) {
    return tf::Const(scope, tf::Tensor::FromStrings({1}, std::vector<std::string>{text}));
  };
  const tf::Output value = scope.Op("RestoreV2")
                               .In(tf::Const(scope, tf::Tensor::StringScalar(prefix)))
                               .In(strings(previous))
                               .In(strings(variable.saved_slice()))
                               .Types("dtypes", {variable.dtype})
                               .Out();
  return scope.OnDevice(variable.device)
      .Op("AssignVariableOp")
      .In(variable.handle)
      .In(value)
      .Type("dtype", variable.dtype)
      .Finish();
}

Result<tf::Operation> Add(const ModelBuilder& model, const WarmStartSettings& settings) {
  ASSIGN_OR_RETURN(const std::string prefix, FindCheckpoint(settings.ckpt_to_initialize_from));
  ASSIGN_OR_RETURN(const tf::CheckpointReader reader, tf::CheckpointReader::Open(prefix));
  ASSIGN_OR_RETURN(const std::vector<const Variable*> chosen,
                   Choose(model, settings.vars_to_warm_start));
  const std::map<std::string, std::string>& renames = settings.var_name_to_prev_var_name;
  const tf::Scope scope = model.scope().Inside("warm_start");
  std::set<std::string> names;  // parts of one variable share theirs
  std::vector<tf::Operation> assigns;
  for (const Variable* variable : chosen) {
    const std::string& name = *names.insert(variable->saved_name()).first;
    const auto renamed = renames.find(name);
    const std::string& previous = renamed == renames.end() ? name : renamed->second;
    RETURN_IF_ERROR(CheckFits(*variable, previous, reader));
    assigns.push_back(AddAssign(scope, prefix, *variable, previous));
  }
  for (const auto& [name, previous] : renames) {
    if (names.contains(name)) continue;
    return InvalidArgumentError("var_name_to_prev_var_name: \"{}\" is not warm started", name);
  }
  LogInfo("Warm-starting {} variables from {}", names.size(), prefix);
  const tf::Operation all = tf::Group(model.scope(), assigns, "warm_start/all");
  RETURN_IF_ERROR(model.graph().status());
  return all;
}

}  // namespace

Result<tf::Operation> AddWarmStart(const ModelBuilder& model, const WarmStartSettings& settings) {
  Result<tf::Operation> added = Add(model, settings);
  if (added.ok()) return added;
  return added.status().WithContext(
      fmt::format("cannot warm start from {}", settings.ckpt_to_initialize_from));
}

}  // namespace trainyard::train

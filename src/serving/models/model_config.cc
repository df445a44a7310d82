#include "serving/models/model_config.h"

#include <limits>
#include <set>

#include "serving/text_proto.h"

namespace trainyard::serving {
namespace {

namespace api = ::tensorflow::serving;
using Policy = api::FileSystemStoragePathSourceConfig::ServableVersionPolicy;

constexpr char kTensorFlow[] = "tensorflow";
constexpr std::string_view kFileScheme = "file://";

Result<std::string> PlatformOf(const api::ModelConfig& model) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  const api::ModelType type = model.model_type();
#pragma GCC diagnostic pop
  if (type == api::MODEL_TYPE_UNSPECIFIED) {
    if (!model.model_platform().empty()) return model.model_platform();
    return InvalidArgumentError(
        "Illegal setting neither model_type(deprecated) nor model_platform.");
  }
  if (!model.model_platform().empty()) {
    return InvalidArgumentError("Illegal setting both model_type(deprecated) and model_platform.");
  }
  return std::string(type == api::TENSORFLOW ? kTensorFlow : "other");
}

Result<std::string> PathOf(const api::ModelConfig& model) {
  const std::string& path = model.base_path();
  if (path.starts_with(kFileScheme)) {
    const std::string local = path.substr(kFileScheme.size());
    if (local.starts_with('/')) return local;
  } else if (path.find("://") != std::string::npos) {
    return InvalidArgumentError(
        "model {}: base_path {} is not a directory of this machine; mount the storage, or copy the "
        "model",
        OneLine(model.name()), OneLine(path));
  } else if (path.starts_with('/')) {
    return path;
  }
  return InvalidArgumentError(
      "Expected model {} to have an absolute path or URI; got base_path()={}",
      OneLine(model.name()), OneLine(path));
}

Result<VersionPolicy> PolicyOf(const api::ModelConfig& model) {
  VersionPolicy policy;
  const Policy& given = model.model_version_policy();
  switch (given.policy_choice_case()) {
    case Policy::kAll:
      policy.kind = VersionPolicy::Kind::kAll;
      break;
    case Policy::kSpecific:
      policy.kind = VersionPolicy::Kind::kSpecific;
      policy.versions.assign(given.specific().versions().begin(),
                             given.specific().versions().end());
      if (policy.versions.empty()) {
        return InvalidArgumentError("model {}: the version policy `specific` names no version",
                                    OneLine(model.name()));
      }
      break;
    case Policy::kLatest: {
      constexpr auto kMost = static_cast<uint32_t>(std::numeric_limits<int>::max());
      const uint32_t count = std::min(given.latest().num_versions(), kMost);
      policy.num_latest = count == 0 ? 1 : static_cast<int>(count);
      break;
    }
    case Policy::POLICY_CHOICE_NOT_SET:
      break;
  }
  return policy;
}

Result<ModelSettings> ToSettings(const api::ModelConfig& model) {
  if (model.name().empty()) {
    return InvalidArgumentError("a model without a name, with base_path {}",
                                OneLine(model.base_path()));
  }
  ModelSettings settings{.name = model.name(), .base_path = ""};
  ASSIGN_OR_RETURN(const std::string platform, PlatformOf(model));
  if (platform != kTensorFlow) {
    return InvalidArgumentError("Model {} requests unsupported platform {}", OneLine(model.name()),
                                OneLine(platform));
  }
  ASSIGN_OR_RETURN(settings.base_path, PathOf(model));
  ASSIGN_OR_RETURN(settings.policy, PolicyOf(model));
  for (const auto& [label, version] : model.version_labels()) settings.labels[label] = version;
  return settings;
}

}  // namespace

Result<std::vector<ModelSettings>> ToModelSettings(const api::ModelServerConfig& config) {
  if (!config.has_model_config_list()) {
    return InvalidArgumentError(
        "ServerModelConfig type not supported by HandleReloadConfigRequest. Only ModelConfigList "
        "is currently supported");
  }
  std::vector<ModelSettings> models;
  std::set<std::string> names;
  for (const api::ModelConfig& model : config.model_config_list().config()) {
    if (!names.insert(model.name()).second) {
      return InvalidArgumentError("Illegal to list model {} multiple times in config list",
                                  OneLine(model.name()));
    }
    ASSIGN_OR_RETURN(ModelSettings settings, ToSettings(model));
    models.push_back(std::move(settings));
  }
  return models;
}

Result<std::vector<ModelSettings>> ParseModelConfig(std::string_view text,
                                                    const std::string& file) {
  api::ModelServerConfig config;
  RETURN_IF_ERROR(ParseTextProto(text, file, ErrorText::kQuoted, &config));
  if (!config.has_model_config_list()) {
    return InvalidArgumentError(
        "Invalid protobuf file: '{}': it has no model_config_list {{ config {{ ... }} }}", file);
  }
  Result<std::vector<ModelSettings>> models = ToModelSettings(config);
  if (!models.ok()) return models.status().WithContext(file);
  return models;
}

}  // namespace trainyard::serving

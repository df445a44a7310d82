#include "train/run_config.h"

#include <cstdlib>
#include <filesystem>

#include "base/log.h"
#include "tf/runtime.h"
#include "train/loop/bfloat16_choice.h"

namespace trainyard::train {
namespace {

Status CheckAtLeast(const char* field, int64_t value, int64_t least) {
  if (value >= least) return OkStatus();
  return InvalidArgumentError("{} should be {}", field, least == 0 ? ">= 0" : "> 0");
}

Status CheckRanges(const RunConfig& config) {
  if (config.save_checkpoints_steps.has_value() && config.save_checkpoints_secs.has_value()) {
    return InvalidArgumentError(
        "`save_checkpoints_steps` and `save_checkpoints_secs` cannot be both set.");
  }
  RETURN_IF_ERROR(CheckAtLeast("save_summary_steps", config.save_summary_steps, 0));
  RETURN_IF_ERROR(
      CheckAtLeast("save_checkpoints_steps", config.save_checkpoints_steps.value_or(0), 0));
  RETURN_IF_ERROR(
      CheckAtLeast("save_checkpoints_secs",
                   config.save_checkpoints_secs.value_or(std::chrono::seconds(0)).count(), 0));
  RETURN_IF_ERROR(CheckAtLeast("keep_checkpoint_max", config.keep_checkpoint_max, 0));
  if (!(config.keep_checkpoint_every_n_hours > 0)) {
    return InvalidArgumentError("keep_checkpoint_every_n_hours should be > 0");
  }
  if (!config.protocol.empty() && config.protocol != "grpc") {
    return InvalidArgumentError("protocol should be grpc, given: {}", config.protocol);
  }
  RETURN_IF_ERROR(CheckAtLeast("log_step_count_steps", config.log_step_count_steps, 1));
  RETURN_IF_ERROR(
      CheckAtLeast("session_creation_timeout_secs", config.session_creation_timeout.count(), 1));
  RETURN_IF_ERROR(CheckAtLeast("replicas_to_aggregate", config.replicas_to_aggregate, 0));
  if (config.partitioner.has_value()) {
    RETURN_IF_ERROR(
        CheckAtLeast("partitioner.max_partitions", config.partitioner->max_partitions, 0));
    RETURN_IF_ERROR(
        CheckAtLeast("partitioner.min_slice_size", config.partitioner->min_slice_size, 1));
  }
  const spec::TaskConfig& task = config.task;
  if (task.num_ps_replicas > 0 && config.replicas_to_aggregate > task.num_worker_replicas) {
    return InvalidArgumentError(
        "replicas_to_aggregate is {}, but the cluster has only {} chief and workers to give "
        "gradients: no update would ever be complete",
        config.replicas_to_aggregate, task.num_worker_replicas);
  }
  RETURN_IF_ERROR(CheckAtLeast("stop_timeout", config.stop_timeout.count(), 1));
  return CheckAtLeast("step_timeout", config.step_timeout.count(), 1);
}

Status ChooseModelDir(RunConfig* config) {
  const std::optional<std::string>& from_environment = config->task.model_dir;
  if (from_environment.has_value()) {
    if (from_environment->empty()) {
      return InvalidArgumentError("model_dir in TF_CONFIG should be non-empty.");
    }
    if (!config->model_dir.empty() && config->model_dir != *from_environment) {
      return InvalidArgumentError(
          "`model_dir` provided in RunConfig construct, if set, must have the same value as the "
          "model_dir in TF_CONFIG. model_dir: {} TF_CONFIG[\"model_dir\"]: {}.",
          config->model_dir, *from_environment);
    }
    LogInfo("Using model_dir in TF_CONFIG: {}", *from_environment);
    config->model_dir = *from_environment;
  }
  if (config->model_dir.empty()) {
    if (!config->needs_model_dir()) return OkStatus();
    return InvalidArgumentError("model_dir should be non-empty.");
  }
  // Parameter servers write their shards of a checkpoint from a directory of their own.
  config->model_dir = std::filesystem::absolute(config->model_dir).lexically_normal().string();
  return OkStatus();
}

void ChoosePrecision(RunConfig* config) {
  // Parameter servers compute nothing that could be in bfloat16.
  if (!config->bfloat16 || config->force_bfloat16 || config->task.type == spec::kPs) return;
  if (!tf::HasFastBfloat16()) {
    LogWarning("this processor has no bfloat16 instructions; training in float32");
    config->bfloat16 = false;
    return;
  }
  const Bfloat16Choice choice =
      ChooseBfloat16(MeasureBfloat16(config->intra_op_threads, config->inter_op_threads));
  if (choice.use) {
    LogInfo("{}", choice.reason);
  } else {
    LogWarning("{}", choice.reason);
  }
  config->bfloat16 = choice.use;
}

}  // namespace

Status RunConfig::ReadEnvironment() {
  const char* text = std::getenv("TF_CONFIG");
  ASSIGN_OR_RETURN(task, text == nullptr ? spec::ParseTfConfig(std::nullopt)
                                         : spec::ParseTfConfig(std::string_view(text)));
  RETURN_IF_ERROR(CheckRanges(*this));
  if (!save_checkpoints_steps.has_value() && !save_checkpoints_secs.has_value()) {
    save_checkpoints_secs = std::chrono::seconds(600);
  }
  RETURN_IF_ERROR(ChooseModelDir(this));
  ChoosePrecision(this);
  return OkStatus();
}

bool RunConfig::needs_model_dir() const {
  return !save_on_chief || task.is_chief || task.type == spec::kEvaluator;
}

std::string RunConfig::device() const {
  if (!uses_server()) return "";
  return fmt::format("/job:{}/task:{}", task.type, task.index);
}

}  // namespace trainyard::train

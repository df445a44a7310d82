#include "train/estimator.h"

#include "base/log.h"
#include "train/checkpoint_directory.h"
#include "train/checkpoint_state.h"
#include "train/export.h"
#include "train/parameter_server.h"

namespace trainyard::train {

Result<TrainResult> Estimator::Train(std::shared_ptr<const Input> input,
                                     TrainOptions options) const {
  if (config_.task.type == spec::kPs || config_.task.type == spec::kEvaluator) {
    return FailedPreconditionError(
        "a {} does not train; call TrainAndEvaluate, which knows its role", config_.task.type);
  }
  ProgressReporter reporter;
  if (options.max_steps.has_value() && config_.is_chief()) {
    const Result<std::string> latest = LatestCheckpoint(config_.model_dir);
    if (latest.ok() && StepOfCheckpoint(*latest) >= *options.max_steps && !config_.uses_server()) {
      LogInfo("Skipping training since max_steps has already saved.");
      const int64_t step = StepOfCheckpoint(*latest);
      reporter.Report({.phase = "training", .step = step, .max_steps = options.max_steps});
      return TrainResult{.global_step = step, .local_steps = 0};
    }
  }
  std::string target;
  if (config_.uses_server()) {
    reporter.Report({.phase = "waiting", .message = "starting the server"});
    ASSIGN_OR_RETURN(target, StartServer(config_));
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<Trainer> trainer,
                   Trainer::Create(model_fn_, std::move(input), config_, std::move(target),
                                   std::move(options), &reporter));
  return trainer->Run();
}

Result<EvalResult> Estimator::Evaluate(std::shared_ptr<const Input> input,
                                       Evaluator::Options options,
                                       const std::string& checkpoint) const {
  ASSIGN_OR_RETURN(const std::string prefix, CheckpointOr(checkpoint, "evaluate"));
  ASSIGN_OR_RETURN(const std::unique_ptr<Evaluator> evaluator,
                   Evaluator::Create(model_fn_, std::move(input), config_, std::move(options)));
  return evaluator->Evaluate(prefix);
}

Result<std::string> Estimator::ExportSavedModel(const std::string& export_base,
                                                InputSpec serving_input,
                                                const std::string& checkpoint) const {
  ASSIGN_OR_RETURN(const std::string prefix, CheckpointOr(checkpoint, "export"));
  ProgressReporter().Report({.phase = "exporting", .message = export_base});
  ASSIGN_OR_RETURN(const std::string directory,
                   ExportModel(model_fn_, {.export_base = export_base,
                                           .checkpoint = prefix,
                                           .serving_input = std::move(serving_input)}));
  LogInfo("SavedModel written to: {}", directory);
  return directory;
}

Result<std::string> Estimator::CheckpointOr(const std::string& checkpoint,
                                            const char* purpose) const {
  if (!checkpoint.empty()) return checkpoint;
  Result<std::string> latest = LatestCheckpoint(config_.model_dir);
  if (latest.ok()) return latest;
  return latest.status().WithContext(
      fmt::format("cannot {} the model in {}: it is not trained yet", purpose, config_.model_dir));
}

}  // namespace trainyard::train

#include "train/estimator.h"

#include <algorithm>
#include <optional>

#include "base/log.h"
#include "train/checkpoints/checkpoint_directory.h"
#include "train/checkpoints/checkpoint_state.h"
#include "train/exports/export.h"
#include "train/loop/parameter_server.h"

namespace trainyard::train {

Result<TrainResult> Estimator::Train(std::shared_ptr<const Input> input,
                                     TrainOptions options) const {
  if (config_.task.type == spec::kPs || config_.task.type == spec::kEvaluator) {
    return FailedPreconditionError(
        "a {} does not train; call TrainAndEvaluate, which knows its role", config_.task.type);
  }
  ProgressReporter reporter;
  std::optional<int64_t> trained_step;  // if there is nothing left to train
  if (options.max_steps.has_value() && config_.is_chief()) {
    const Result<std::string> latest = LatestCheckpoint(config_.model_dir);
    if (latest.ok() && StepOfCheckpoint(*latest) >= *options.max_steps) {
      trained_step = StepOfCheckpoint(*latest);
    }
  }
  const auto skip = [&] {
    LogInfo("Skipping training since max_steps has already saved.");
    reporter.Report({.phase = "training", .step = *trained_step, .max_steps = options.max_steps});
    return TrainResult{.global_step = *trained_step, .local_steps = 0};
  };
  const bool is_alone = !config_.uses_server() && !config_.uses_all_reduce();
  if (trained_step.has_value() && is_alone) return skip();
  RunConfig config = config_;
  // A chief that was killed after it had told the others to go finds none. One that was killed
  // before it did so must do it now.
  constexpr std::chrono::seconds kPatienceWhenTrained(10);
  if (trained_step.has_value()) {
    config.session_creation_timeout =
        std::min(config.session_creation_timeout, kPatienceWhenTrained);
  }
  std::string target = config_.uses_server() ? options.server_target : "";
  if (config_.uses_server() && target.empty()) {
    reporter.Report({.phase = "waiting", .message = "starting the server"});
    ASSIGN_OR_RETURN(target, StartServer(config_));
  }
  ASSIGN_OR_RETURN(
      const std::unique_ptr<Trainer> trainer,
      Trainer::Create(model_fn_, std::move(input), config, std::move(target), options, &reporter));
  Result<TrainResult> result = trainer->Run();
  if (!result.ok() && result.status().code() == StatusCode::kUnavailable &&
      trained_step.has_value()) {
    LogInfo("The other tasks have ended: {}", result.status().message());
    return skip();
  }
  return result;
}

Result<EvalResult> Estimator::Evaluate(std::shared_ptr<const Input> input,
                                       Evaluator::Options options,
                                       const std::string& checkpoint) const {
  ASSIGN_OR_RETURN(const std::string prefix, CheckpointOr(checkpoint, "evaluate"));
  ASSIGN_OR_RETURN(const std::unique_ptr<Evaluator> evaluator,
                   Evaluator::Create(model_fn_, std::move(input), config_, std::move(options)));
  return evaluator->Evaluate(prefix);
}

Result<std::unique_ptr<Predictor>> Estimator::Predict(std::shared_ptr<const Input> input,
                                                      const PredictOptions& options) const {
  ASSIGN_OR_RETURN(const std::string prefix, CheckpointOr(options.checkpoint, "predict with"));
  return Predictor::Create(model_fn_, std::move(input), config_, prefix, options);
}

Result<std::string> Estimator::ExportSavedModel(const std::string& export_base,
                                                ServingInput serving_input,
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

#include "train/train_and_evaluate.h"

#include "base/files.h"
#include "base/log.h"
#include "train/checkpoints/checkpoint_feed.h"
#include "train/checkpoints/checkpoint_state.h"
#include "train/loop/continuous_evaluation.h"
#include "train/loop/parameter_server.h"

namespace trainyard::train {
namespace {

Status CheckArguments(const Estimator& estimator, const TrainSpec& train, const EvalSpec& eval) {
  const spec::TaskConfig& task = estimator.config().task;
  if (train.max_steps.has_value() && *train.max_steps <= 0) {
    return InvalidArgumentError("Must specify max_steps > 0, given: {}", *train.max_steps);
  }
  if (task.type == spec::kEvaluator && task.index > 0) {
    return InvalidArgumentError(
        "For distributed training, there can only be one `evaluator` task (with task id 0).  Given "
        "task id {}",
        task.index);
  }
  return CheckExporters(eval.exporters);
}

Status CallListeners(const std::vector<CheckpointHook::Listener>& listeners,
                     const std::string& prefix, int64_t step, bool is_last) {
  for (const CheckpointHook::Listener& listener : listeners) {
    RETURN_IF_ERROR(listener(prefix, step, is_last));
  }
  return OkStatus();
}

// Evaluates after saves, in the training process, no more often than the throttle allows.
class EvaluatingListener {
 public:
  EvaluatingListener(const Estimator& estimator, const EvalSpec& spec)
      : estimator_(estimator), spec_(spec) {}

  Status operator()(const std::string& prefix, int64_t step, bool is_last) {
    // The checkpoint written before the first step says nothing about training.
    if (!is_last && (step == 0 || std::chrono::steady_clock::now() < next_time_)) {
      return OkStatus();
    }
    if (last_.has_value() && last_->global_step == step) return OkStatus();
    next_time_ = std::chrono::steady_clock::now() + spec_.throttle;
    return EvaluateCheckpoint(prefix, step, is_last);
  }

  Status EvaluateCheckpoint(const std::string& prefix, int64_t step, bool is_last) {
    if (evaluator_ == nullptr) {
      ASSIGN_OR_RETURN(
          evaluator_,
          Evaluator::Create(estimator_.model_fn(), spec_.input, estimator_.config(),
                            {.name = spec_.name, .steps = spec_.steps, .hooks = spec_.hooks}));
    }
    reporter_.Report({.phase = "evaluating", .step = step});
    ASSIGN_OR_RETURN(last_, evaluator_->Evaluate(prefix));
    reporter_.Report({.phase = "evaluating", .eval_step = step, .metrics = last_->metrics});
    return RunExporters(spec_.exporters, estimator_, prefix, *last_, is_last);
  }

  const std::optional<EvalResult>& last() const { return last_; }

 private:
  const Estimator& estimator_;
  const EvalSpec& spec_;
  ProgressReporter reporter_;
  std::unique_ptr<Evaluator> evaluator_;
  std::optional<EvalResult> last_;
  std::chrono::steady_clock::time_point next_time_ =
      std::chrono::steady_clock::now() + spec_.start_delay;
};

Result<TrainAndEvaluateResult> TrainAndEvaluateHere(const Estimator& estimator,
                                                    const TrainSpec& train, const EvalSpec& eval) {
  const auto listener = std::make_shared<EvaluatingListener>(estimator, eval);
  TrainOptions options{
      .max_steps = train.max_steps,
      .after_save =
          [listener, &train](const std::string& prefix, int64_t step, bool is_last) {
            RETURN_IF_ERROR(CallListeners(train.saving_listeners, prefix, step, is_last));
            return (*listener)(prefix, step, is_last);
          },
      .resume_input = train.resume_input,
      .hooks = train.hooks,
      .warm_start = train.warm_start};
  ASSIGN_OR_RETURN(const TrainResult result, estimator.Train(train.input, std::move(options)));
  if (!listener->last().has_value()) {
    // Nothing was left to train: what there is is still worth a number.
    ASSIGN_OR_RETURN(const std::string latest, LatestCheckpoint(estimator.config().model_dir));
    RETURN_IF_ERROR(listener->EvaluateCheckpoint(latest, result.global_step, /*is_last=*/true));
  }
  return TrainAndEvaluateResult{.evaluation = listener->last()};
}

Result<TrainAndEvaluateResult> TrainOnly(const Estimator& estimator, const TrainSpec& train) {
  const RunConfig& config = estimator.config();
  const std::string& model_dir = config.model_dir;
  std::string server_target;
  std::unique_ptr<CheckpointFeed> feed;
  if (config.is_chief()) {
    RETURN_IF_ERROR(MakeDirectories(model_dir));
    RETURN_IF_ERROR(ClearTrainingEnd(model_dir));
  }
  if (CheckpointFeed::IsPossible(config)) {
    ASSIGN_OR_RETURN(server_target, StartServer(config));
    ASSIGN_OR_RETURN(feed, CheckpointFeed::Start(config, server_target));
  }
  ASSIGN_OR_RETURN(
      const TrainResult result,
      estimator.Train(train.input,
                      {.max_steps = train.max_steps,
                       .after_save =
                           [&train](const std::string& prefix, int64_t step, bool is_last) {
                             return CallListeners(train.saving_listeners, prefix, step, is_last);
                           },
                       .resume_input = train.resume_input,
                       .hooks = train.hooks,
                       .warm_start = train.warm_start,
                       .server_target = server_target}));
  if (config.is_chief()) RETURN_IF_ERROR(MarkTrainingEnd(model_dir, result.global_step));
  if (feed != nullptr) {
    // What was trained is saved; an evaluator that cannot be asked does not undo that.
    const Status status = feed->WaitForFollower();
    if (!status.ok()) LogWarning("cannot wait for the evaluator: {}", status.message());
  }
  return TrainAndEvaluateResult{};
}

}  // namespace

Result<TrainAndEvaluateResult> TrainAndEvaluate(const Estimator& estimator, const TrainSpec& train,
                                                const EvalSpec& eval) {
  RETURN_IF_ERROR(CheckArguments(estimator, train, eval));
  const RunConfig& config = estimator.config();
  if (!config.is_distributed()) {
    LogInfo("Running training and evaluation locally (non-distributed).");
    return TrainAndEvaluateHere(estimator, train, eval);
  }
  if (config.task.type == spec::kMaster) return TrainAndEvaluateHere(estimator, train, eval);
  if (config.task.type == spec::kPs) {
    ProgressReporter reporter;
    RETURN_IF_ERROR(RunParameterServer(config, &reporter));
    return TrainAndEvaluateResult{};
  }
  if (config.task.type == spec::kEvaluator) {
    ASSIGN_OR_RETURN(EvalResult last, EvaluateContinuously(estimator, eval, train.max_steps));
    return TrainAndEvaluateResult{.evaluation = std::move(last)};
  }
  return TrainOnly(estimator, train);
}

int ExitCodeOf(const Status& status) {
  switch (status.code()) {
    case StatusCode::kOk:
      return 0;
    case StatusCode::kCancelled:
      return kExitTerminated;
    case StatusCode::kUnavailable:
    case StatusCode::kAborted:
      return kExitLostPeer;
    default:
      return 1;
  }
}

int ReportEnd(const Status& status) {
  if (status.ok()) {
    ProgressReporter().Report({.phase = "finished"});
  } else if (status.code() == StatusCode::kCancelled) {
    LogInfo("{}", status.message());
    ProgressReporter().Report({.phase = "stopped", .message = status.message()});
  } else {
    LogError("{}", status.message());
    ProgressReporter().Report({.phase = "failed", .message = status.message()});
  }
  return ExitCodeOf(status);
}

}  // namespace trainyard::train

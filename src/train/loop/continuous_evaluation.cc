#include "train/loop/continuous_evaluation.h"

#include <thread>

#include "base/files.h"
#include "base/log.h"
#include "train/checkpoints/checkpoint_directory.h"
#include "train/checkpoints/checkpoint_follower.h"
#include "train/checkpoints/checkpoint_state.h"
#include "train/checkpoints/checkpoint_wait.h"
#include "train/loop/stop_signal.h"
#include "train/train_and_evaluate.h"

namespace trainyard::train {
namespace {

using Clock = std::chrono::steady_clock;

std::string EndFile(const std::string& model_dir) { return JoinPath(model_dir, kTrainingEndFile); }

// Whether a failed evaluation only means that the trainer was faster.
bool IsPassing(const Status& status) {
  return status.code() == StatusCode::kNotFound || status.code() == StatusCode::kDataLoss ||
         status.code() == StatusCode::kOutOfRange;
}

Result<std::string> Newest(const std::string& model_dir, const CheckpointFollower* follower) {
  if (follower == nullptr || follower->has_checkpoint()) return LatestCheckpoint(model_dir);
  return NotFoundError("no checkpoint has been fetched from the chief yet");
}

}  // namespace

Status MarkTrainingEnd(const std::string& model_dir, int64_t global_step) {
  return WriteFileAtomically(EndFile(model_dir),
                             fmt::format("{{\"global_step\": {}}}\n", global_step));
}

Status ClearTrainingEnd(const std::string& model_dir) {
  return RemoveRecursively(EndFile(model_dir));
}

bool HasTrainingEnded(const std::string& model_dir) { return PathExists(EndFile(model_dir)); }

Result<EvalResult> EvaluateContinuously(const Estimator& estimator, const EvalSpec& spec,
                                        std::optional<int64_t> max_steps) {
  constexpr std::chrono::milliseconds kInterval(200);
  constexpr std::chrono::seconds kMarkPatience(30);
  const std::string& model_dir = estimator.config().model_dir;
  ProgressReporter reporter;
  std::unique_ptr<CheckpointFollower> follower;
  if (estimator.config().save_on_chief && !estimator.config().task.chief_address.empty()) {
    ASSIGN_OR_RETURN(follower, CheckpointFollower::Start(estimator.config(), &reporter));
  }
  ASSIGN_OR_RETURN(
      const std::unique_ptr<Evaluator> evaluator,
      Evaluator::Create(estimator.model_fn(), spec.input, estimator.config(),
                        {.name = spec.name, .steps = spec.steps, .hooks = spec.hooks}));
  CheckpointWait wait(estimator.config(), &reporter);
  const std::string old_prefix = LatestCheckpoint(model_dir).value_or("");
  std::optional<EvalResult> last;
  bool exported = true;  // of `last`: nothing is waiting
  bool exported_final = false;
  std::string last_prefix;
  Clock::time_point next_time = Clock::now() + spec.start_delay;
  Clock::time_point mark_deadline = Clock::now() + kMarkPatience;
  while (!StopRequested()) {
    if (follower != nullptr) RETURN_IF_ERROR(follower->status());
    // In this order: a checkpoint written after the look at the directory is seen in the next
    // round.
    const bool has_ended = HasTrainingEnded(model_dir);
    const Result<std::string> prefix = Newest(model_dir, follower.get());
    if (follower == nullptr && prefix.value_or("") == old_prefix) {
      RETURN_IF_ERROR(wait.Check(prefix.ok()));
    }
    const bool is_new = prefix.ok() && *prefix != last_prefix;
    const int64_t step = prefix.ok() ? StepOfCheckpoint(*prefix) : -1;
    // Trainers overshoot: a checkpoint of step max_steps need not be the last one. Only a chief
    // that leaves no mark, as TensorFlow's own, is taken at its checkpoint's word.
    if (!max_steps.has_value() || step < *max_steps) mark_deadline = Clock::now() + kMarkPatience;
    const bool is_last = prefix.ok() && (has_ended || Clock::now() >= mark_deadline);
    if (is_new && step > 0 && (is_last || Clock::now() >= next_time)) {
      next_time = Clock::now() + spec.throttle;
      reporter.Report({.phase = "evaluating", .step = step, .max_steps = max_steps});
      Result<EvalResult> result = evaluator->Evaluate(*prefix);
      if (result.ok()) {
        last = std::move(result).value();
        last_prefix = *prefix;
        reporter.Report(
            {.phase = "evaluating", .step = step, .eval_step = step, .metrics = last->metrics});
        exported = false;
      } else if (IsPassing(result.status())) {
        LogWarning("{}; looking for a newer one", result.status().message());
        next_time = Clock::now() + std::chrono::seconds(1);
      } else {
        return result.status();
      }
    }
    const bool at_end = is_last && last.has_value() && last_prefix == *prefix;
    // That a checkpoint was the last may be known only after it was evaluated and exported: then
    // the exporters that act at the end alone are called once more.
    if (last.has_value() && (!exported || (at_end && !exported_final))) {
      const Status status = RunExporters(exported ? FinalOnly(spec.exporters) : spec.exporters,
                                         estimator, last_prefix, *last, at_end);
      if (!status.ok() && (at_end || !IsPassing(status))) return status;
      if (!status.ok()) LogWarning("{}; looking for a newer one", status.message());
      exported = true;
      exported_final = at_end;
    }
    if (at_end) {
      LogInfo("Exiting evaluation, global_step={}: training has ended.", last->global_step);
      reporter.Report(
          {.phase = "finished", .eval_step = last->global_step, .metrics = last->metrics});
      return *last;
    }
    std::this_thread::sleep_for(kInterval);
  }
  return CancelledError("asked to stop while evaluating");
}

}  // namespace trainyard::train

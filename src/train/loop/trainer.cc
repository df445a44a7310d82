#include "train/loop/trainer.h"

#include <chrono>
#include <thread>
#include <utility>

#include "base/log.h"
#include "train/loop/stop_signal.h"

namespace trainyard::train {
namespace {

// How many failures in a row, without a step between them, are still taken for a cluster that comes
// back; a model that fails by itself must not loop for ever.
constexpr int kMaxFailuresInARow = 20;

}  // namespace

Trainer::Trainer(const RunConfig& config, TrainOptions options, ProgressReporter* reporter)
    : config_(config),
      options_(std::move(options)),
      reporter_(reporter),
      watchdog_(config.uses_server() ? std::optional(config.stop_timeout) : std::nullopt),
      checkpoints_({.directory = config.model_dir,
                    .keep_max = config.keep_checkpoint_max,
                    .keep_every_n_hours = config.keep_checkpoint_every_n_hours}) {}

Result<std::unique_ptr<Trainer>> Trainer::Create(const ModelFn& model_fn,
                                                 std::shared_ptr<const Input> input,
                                                 const RunConfig& config, std::string target,
                                                 TrainOptions options, ProgressReporter* reporter) {
  std::unique_ptr<Trainer> trainer(new Trainer(config, std::move(options), reporter));
  trainer->input_ = std::move(input);
  RETURN_IF_ERROR(trainer->SetUp(model_fn, std::move(target)));
  return trainer;
}

Result<TrainResult> Trainer::Run() {
  int failures_in_a_row = 0;
  while (true) {
    const int64_t steps_before = result_.local_steps;
    // What the strategy waited for has not come: it has waited long enough.
    ASSIGN_OR_RETURN(tf::Session * session, strategy_->MakeReady());
    const Status status = RunSession(session);
    if (status.ok()) return result_;
    if (StopRequested()) return StatusWhenStopped(status);
    if (!strategy_->MayRecover(status)) return status;
    failures_in_a_row = result_.local_steps > steps_before ? 1 : failures_in_a_row + 1;
    if (failures_in_a_row > kMaxFailuresInARow) return status;
    LogWarning("Lost the cluster ({}); making a new session.", status.message());
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

Status Trainer::RunSession(tf::Session* session) {
  ASSIGN_OR_RETURN(const std::vector<tf::Tensor> step,
                   session->Run({}, {model_->model().global_step().value}, {}));
  const int64_t last_step = std::exchange(result_.global_step, step[0].scalar<int64_t>());
  RETURN_IF_ERROR(PlaceInput(last_step));
  RETURN_IF_ERROR(strategy_->BeginTraining(session));
  RETURN_IF_ERROR(hooks_.AfterCreateSession(session, result_.global_step));
  RETURN_IF_ERROR(RunSteps(session));
  return Finish(session);
}

// Of a session that has ended when the process was asked to stop.
Status Trainer::StatusWhenStopped(const Status& status) const {
  // Cancelled is the good end, with all saved; a failure of the model stays one.
  if (status.code() == StatusCode::kCancelled || !strategy_->MayRecover(status)) return status;
  return CancelledError(
      "asked to stop after step {}, but the cluster is lost ({}); the last "
      "checkpoint stands",
      result_.global_step, status.message());
}

bool Trainer::IsDone() const {
  return data_ended_ || strategy_->IsJobEnding() || StopRequested() || hooks_.WantsStop() ||
         (options_.max_steps.has_value() && result_.global_step >= *options_.max_steps);
}

Status Trainer::PlaceInput(int64_t last_step) {
  // A cluster that came back with the model as it was: the data goes on as well.
  if (input_placed_ && result_.global_step >= last_step) return OkStatus();
  if (!input_placed_ && !options_.resume_input) {
    input_placed_ = true;
    return OkStatus();
  }
  input_placed_ = true;
  batch_.reset();
  data_ended_ = false;
  return batches_->GoTo(result_.global_step);
}

Status Trainer::SaveInputPosition(const std::string& prefix) {
  using Last = PositionedInput::Last;
  if (data_ended_) return batches_->Save(prefix, Last::kEnd);
  return batches_->Save(prefix, batch_.has_value() ? Last::kPending : Last::kTrained);
}

Status Trainer::RunSteps(tf::Session* session) {
  while (!IsDone()) {
    // A batch whose step failed with the cluster is there still.
    if (!batch_.has_value()) {
      ASSIGN_OR_RETURN(batch_, batches_->Next());
    }
    if (!batch_.has_value()) {
      data_ended_ = true;
      break;
    }
    RETURN_IF_ERROR(RunStep(session));
  }
  return OkStatus();
}

Status Trainer::RunStep(tf::Session* session) {
  StepRequest request;
  RETURN_IF_ERROR(hooks_.BeforeStep(result_.global_step + 1, &request));
  const std::vector<tf::Output>& fetches = request.summaries ? summary_fetches_ : plain_fetches_;
  StepResult step;
  ASSIGN_OR_RETURN(std::vector<tf::Feed> feeds, model_->Feeds(*batch_));
  ASSIGN_OR_RETURN(const std::optional<std::vector<tf::Tensor>> run,
                   strategy_->RunStep(session, {.feeds = std::move(feeds),
                                                .fetches = fetches,
                                                .request = request,
                                                .run_metadata = &step.run_metadata}));
  if (!run.has_value()) return OkStatus();  // the job has ended before this step
  const std::vector<tf::Tensor>& values = *run;
  step.loss = values[0].scalar<float>();
  step.global_step = values[1].scalar<int64_t>();
  if (request.summaries) {
    const size_t end = fetches.size() - (has_other_summaries_ ? 1 : 0);
    for (size_t i = plain_fetches_.size(); i < end; ++i) {
      step.summaries.push_back(values[i].scalar<float>());
    }
    if (has_other_summaries_) step.other_summaries = values[end].strings().front();
  }
  // The step is done: before the hooks, which may save the position in the data.
  batch_.reset();
  if (IsWorker()) batches_->AfterWorkerStep(step.global_step);
  ++result_.local_steps;
  result_.global_step = step.global_step;
  return hooks_.AfterStep(session, &step, std::span(values).subspan(fetches.size()));
}

Status Trainer::Finish(tf::Session* session) {
  RETURN_IF_ERROR(strategy_->EndSteps(session));
  if (!IsWorker()) {
    ASSIGN_OR_RETURN(const std::vector<tf::Tensor> step,
                     session->Run({}, {model_->model().global_step().value}, {}));
    result_.global_step = step[0].scalar<int64_t>();
  }
  RETURN_IF_ERROR(hooks_.End(session, result_.global_step));
  // The chief's last checkpoint may have been saved before it was known that no batch follows; a
  // worker will not see it.
  if (IsWorker() || data_ended_) {
    RETURN_IF_ERROR(SaveInputPosition(checkpoints_.PrefixFor(result_.global_step)));
  }
  RETURN_IF_ERROR(strategy_->Leave(session));
  if (!StopRequested()) return OkStatus();
  return CancelledError("stopped at step {}{}", result_.global_step,
                        IsWorker() ? "" : "; the next run goes on from there");
}

}  // namespace trainyard::train

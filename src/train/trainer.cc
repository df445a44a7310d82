#include "train/trainer.h"

#include <chrono>
#include <thread>
#include <utility>

#include "base/files.h"
#include "base/log.h"
#include "train/nan_hook.h"
#include "train/progress_hook.h"
#include "train/stop_signal.h"
#include "train/summary_hook.h"

namespace trainyard::train {
namespace {

// How many failures in a row, without a step between them, are still taken for a cluster that comes
// back; a model that fails by itself must not loop for ever.
constexpr int kMaxFailuresInARow = 20;

// A worker saves nothing, but its graph has the same operations; its session knows no chief.
SaverPlace PlaceOfSaver(const RunConfig& config) {
  return config.save_on_chief ? SaverPlace{.on_one_device = config.device()} : SaverPlace{};
}

}  // namespace

Trainer::Trainer(const RunConfig& config, TrainOptions options, ProgressReporter* reporter)
    : config_(config),
      options_(std::move(options)),
      reporter_(reporter),
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

Status Trainer::SetUp(const ModelFn& model_fn, std::string target) {
  const int num_ps = config_.task.num_ps_replicas;
  LogInfo("Calling model_fn.");
  ASSIGN_OR_RETURN(model_, ModelGraph::Build(model_fn, input_->spec(),
                                             {.mode = Mode::kTrain,
                                              .seed = config_.tf_random_seed,
                                              .num_ps_tasks = num_ps,
                                              .compute_device = config_.device()},
                                             PlaceOfSaver(config_)));
  LogInfo("Done calling model_fn.");
  if (config_.uses_server() && num_ps > 0) {
    const int workers = config_.task.cluster.NumTasks(spec::kWorker);
    control_ = std::make_unique<JobControl>(model_->mutable_graph(), num_ps, std::max(workers, 1));
    RETURN_IF_ERROR(model_->graph().status());
  }
  hooks_.Add(std::make_shared<NanHook>());
  hooks_.Add(std::make_shared<ProgressHook>(config_, options_.max_steps, reporter_));
  hooks_.Add(options_.hooks);
  hooks_.Add(model_->spec().training_hooks);
  if (config_.is_chief()) RETURN_IF_ERROR(SetUpChief());
  if (config_.is_chief() && control_ != nullptr && !config_.save_on_chief) {
    directory_check_ =
        std::make_unique<SharedDirectoryCheck>(model_->mutable_graph(), config_.task.cluster);
  }
  RETURN_IF_ERROR(hooks_.Begin({.graph = model_->mutable_graph(),
                                .config = &config_,
                                .events = events_.get(),
                                .global_step = model_->model().global_step().value}));
  sessions_ = std::make_unique<SessionManager>(config_, *model_, control_.get(), &checkpoints_,
                                               &watchdog_, reporter_, std::move(target));
  sessions_->SetDirectoryCheck(directory_check_.get());
  if (options_.warm_start.has_value() && config_.is_chief() && checkpoints_.NewestFirst().empty()) {
    ASSIGN_OR_RETURN(const tf::Operation op, AddWarmStart(model_->model(), *options_.warm_start));
    sessions_->SetWarmStart(op);
  }
  plain_fetches_ = {model_->spec().loss, model_->step_after_update()};
  if (IsWorker()) plain_fetches_.push_back(control_->phase());
  AddSummaryFetches();
  RETURN_IF_ERROR(model_->graph().status());
  ASSIGN_OR_RETURN(batches_, PositionedInput::Create(
                                 input_.get(), config_.needs_model_dir() ? config_.model_dir : "",
                                 config_.task));
  return OkStatus();
}

void Trainer::AddSummaryFetches() {
  const ModelBuilder& model = model_->model();
  summary_fetches_ = plain_fetches_;
  for (const auto& [tag, value] : model.scalar_summaries()) summary_fetches_.push_back(value);
  has_other_summaries_ = !model.summaries().empty();
  if (has_other_summaries_) {
    summary_fetches_.push_back(
        model.scope().Op("MergeSummary", "Merge/MergeSummary").InList(model.summaries()).Out());
  }
}

Status Trainer::SetUpChief() {
  RETURN_IF_ERROR(MakeDirectories(config_.model_dir));
  RETURN_IF_ERROR(CheckWritableDirectory(config_.model_dir));
  RETURN_IF_ERROR(checkpoints_.Load());
  ASSIGN_OR_RETURN(events_, records::EventWriter::Create(config_.model_dir));
  ASSIGN_OR_RETURN(const std::string graph_def, model_->graph().Serialize());
  RETURN_IF_ERROR(events_->AddGraph(graph_def));
  std::vector<std::string> tags;
  for (const auto& [tag, value] : model_->model().scalar_summaries()) tags.push_back(tag);
  const bool has_summaries = !tags.empty() || !model_->model().summaries().empty();
  hooks_.Add(std::make_shared<SummaryHook>(config_, std::move(tags), has_summaries, events_.get()));
  hooks_.Add(std::make_shared<CheckpointHook>(
      config_, model_->saver(), &checkpoints_, events_.get(), &watchdog_,
      [this](const std::string& prefix) { return SaveInputPosition(prefix); },
      options_.after_save));
  return OkStatus();
}

Result<TrainResult> Trainer::Run() {
  int failures_in_a_row = 0;
  while (true) {
    const int64_t steps_before = result_.local_steps;
    Status status;
    {
      Result<std::unique_ptr<tf::Session>> session = sessions_->MakeReady();
      status = session.ok() ? RunSession(session->get()) : session.status();
      if (!session.ok()) return status;  // MakeReady has waited long enough
    }
    if (status.ok()) return result_;
    if (control_ == nullptr || !IsRecoverable(status) || StopRequested()) return status;
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
  if (IsWorker()) {
    RETURN_IF_ERROR(control_->SetPresence(session, config_.task.index, WorkerPresence::kTraining));
  }
  RETURN_IF_ERROR(hooks_.AfterCreateSession(session, result_.global_step));
  RETURN_IF_ERROR(RunSteps(session));
  if (IsWorker()) return Leave(session);
  return FinishJob(session);
}

bool Trainer::IsDone() const {
  return data_ended_ || job_ending_ || StopRequested() || hooks_.WantsStop() ||
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
  std::vector<tf::Tensor> values;
  {
    const auto guard = watchdog_.Guard(config_.step_timeout, "a training step");
    ASSIGN_OR_RETURN(std::vector<tf::Feed> feeds, model_->Feeds(*batch_));
    ASSIGN_OR_RETURN(
        values, RunWithRequest(session, std::move(feeds), fetches, request, &step.run_metadata));
  }
  if (IsWorker()) {
    const auto phase = static_cast<JobPhase>(values[2].scalar<int32_t>());
    job_ending_ = phase == JobPhase::kEnding || phase == JobPhase::kEnded;
  }
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

Status Trainer::Leave(tf::Session* session) {
  RETURN_IF_ERROR(hooks_.End(session, result_.global_step));
  // For the chief's last checkpoint, which this worker will not see.
  RETURN_IF_ERROR(SaveInputPosition(checkpoints_.PrefixFor(result_.global_step)));
  RETURN_IF_ERROR(control_->SetPresence(session, config_.task.index, WorkerPresence::kLeft));
  return StopRequested() ? CancelledError("stopped at step {}", result_.global_step) : OkStatus();
}

Status Trainer::FinishJob(tf::Session* session) {
  if (control_ != nullptr && !StopRequested()) {
    RETURN_IF_ERROR(control_->SetPhase(session, JobPhase::kEnding));
    RETURN_IF_ERROR(WaitForWorkers(session));
  }
  ASSIGN_OR_RETURN(const std::vector<tf::Tensor> step,
                   session->Run({}, {model_->model().global_step().value}, {}));
  result_.global_step = step[0].scalar<int64_t>();
  RETURN_IF_ERROR(hooks_.End(session, result_.global_step));
  // The last checkpoint may have been saved before it was known that no batch follows.
  if (data_ended_) RETURN_IF_ERROR(SaveInputPosition(checkpoints_.PrefixFor(result_.global_step)));
  if (control_ != nullptr) {
    RETURN_IF_ERROR(
        control_->SetPhase(session, StopRequested() ? JobPhase::kChiefStopped : JobPhase::kEnded));
  }
  return StopRequested() ? CancelledError("stopped at step {}; the next run goes on from there",
                                          result_.global_step)
                         : OkStatus();
}

Status Trainer::WaitForWorkers(tf::Session* session) {
  // A worker that has joined sees at its next step that the job is done; one that was killed never
  // will, and is not waited for longer than this.
  constexpr std::chrono::seconds kPatience(10);
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!StopRequested()) {
    ASSIGN_OR_RETURN(const std::vector<int> training, control_->TrainingWorkers(session));
    if (training.empty()) return OkStatus();
    reporter_->ReportSometimes({.phase = "waiting",
                                .message = fmt::format("waiting for the last step of worker {}",
                                                       fmt::join(training, ", "))});
    if (std::chrono::steady_clock::now() >= deadline) {
      LogWarning("worker {} has not ended its last step within {} s; going on without it",
                 fmt::join(training, ", "), kPatience.count());
      return OkStatus();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return OkStatus();
}

}  // namespace trainyard::train

#include "train/strategies/parameter_servers.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/log.h"
#include "train/hooks/hook_list.h"
#include "train/loop/stop_signal.h"

namespace trainyard::train {

ParameterServers::ParameterServers(const StrategyContext& context)
    : context_(context),
      control_(context.model.mutable_graph(), context.config.task.num_ps_replicas,
               std::max(context.config.task.cluster.NumTasks(spec::kWorker), 1)),
      sessions_(context.config, context.model, &control_, context.checkpoints, context.watchdog,
                context.reporter, context.target) {
  sessions_.SetWarmStart(context.warm_start_op);
  if (is_chief() && !context.config.save_on_chief) {
    directory_check_.emplace(context.model.mutable_graph(), context.config.task.cluster);
    sessions_.SetDirectoryCheck(&*directory_check_);
  }
}

Result<tf::Session*> ParameterServers::MakeReady() {
  session_.reset();  // a process has one session with the servers at a time
  ASSIGN_OR_RETURN(session_, sessions_.MakeReady());
  return session_.get();
}

Status ParameterServers::BeginTraining(tf::Session* session) {
  if (is_chief()) return OkStatus();
  return control_.SetPresence(session, context_.config.task.index, WorkerPresence::kTraining);
}

Result<std::optional<std::vector<tf::Tensor>>> ParameterServers::RunStep(tf::Session* session,
                                                                         StepRun run) {
  const auto guard = context_.watchdog->Guard(context_.config.step_timeout, "a training step");
  const auto phase_at = static_cast<std::ptrdiff_t>(run.fetches.size());
  if (!is_chief()) run.fetches.push_back(control_.phase());
  ASSIGN_OR_RETURN(std::vector<tf::Tensor> values,
                   RunWithRequest(session, std::move(run.feeds), std::move(run.fetches),
                                  run.request, run.run_metadata));
  if (!is_chief()) {
    const auto found = values.begin() + phase_at;
    const auto phase = static_cast<JobPhase>(found->scalar<int32_t>());
    job_ending_ = phase == JobPhase::kEnding || phase == JobPhase::kEnded;
    values.erase(found);
  }
  return std::optional(std::move(values));
}

Status ParameterServers::EndSteps(tf::Session* session) {
  if (!is_chief() || StopRequested()) return OkStatus();
  RETURN_IF_ERROR(control_.SetPhase(session, JobPhase::kEnding));
  return WaitForWorkers(session);
}

Status ParameterServers::WaitForWorkers(tf::Session* session) {
  // A worker that has joined sees at its next step that the job is done; one that was killed never
  // will, and is not waited for longer than this.
  constexpr std::chrono::seconds kPatience(10);
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!StopRequested()) {
    ASSIGN_OR_RETURN(const std::vector<int> training, control_.TrainingWorkers(session));
    if (training.empty()) return OkStatus();
    context_.reporter->ReportSometimes(
        {.phase = "waiting",
         .message =
             fmt::format("waiting for the last step of worker {}", fmt::join(training, ", "))});
    if (std::chrono::steady_clock::now() >= deadline) {
      LogWarning("worker {} has not ended its last step within {} s; going on without it",
                 fmt::join(training, ", "), kPatience.count());
      return OkStatus();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return OkStatus();
}

Status ParameterServers::Leave(tf::Session* session) {
  if (!is_chief()) {
    return control_.SetPresence(session, context_.config.task.index, WorkerPresence::kLeft);
  }
  return control_.SetPhase(session, StopRequested() ? JobPhase::kChiefStopped : JobPhase::kEnded);
}

}  // namespace trainyard::train

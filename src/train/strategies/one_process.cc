#include "train/strategies/one_process.h"

#include "train/hooks/hook_list.h"

namespace trainyard::train {

OneProcess::OneProcess(const StrategyContext& context)
    : context_(context),
      config_(WithThreadsFor(context.model, context.config)),
      sessions_(config_, context.model, nullptr, context.checkpoints, context.watchdog,
                context.reporter, context.target) {
  sessions_.SetWarmStart(context.warm_start_op);
}

Result<tf::Session*> OneProcess::MakeReady() {
  ASSIGN_OR_RETURN(session_, sessions_.MakeReady());
  return session_.get();
}

Result<std::optional<std::vector<tf::Tensor>>> OneProcess::RunStep(tf::Session* session,
                                                                   StepRun run) {
  const auto guard = context_.watchdog->Guard(context_.config.step_timeout, "a training step");
  ASSIGN_OR_RETURN(std::vector<tf::Tensor> values,
                   RunWithRequest(session, std::move(run.feeds), std::move(run.fetches),
                                  run.request, run.run_metadata));
  return std::optional(std::move(values));
}

}  // namespace trainyard::train

#include "train/strategies/synchronous_parameter_servers.h"

namespace trainyard::train {

SynchronousParameterServers::SynchronousParameterServers(const StrategyContext& context)
    : ParameterServers(context) {
  const ModelBuilder& model = context.model.model();
  if (!model.synchronous_update().has_value()) {
    model.graph().Fail(InvalidArgumentError(
        "cannot train with replicas_to_aggregate = {}: the model's train_op is not made by "
        "Minimize, which averages the gradients",
        model.synchronous_replicas().to_aggregate));
    return;
  }
  sync_ = std::make_unique<ReplicaSync>(context.config, model, control(), context.watchdog,
                                        context.reporter, context.max_steps);
}

Result<tf::Session*> SynchronousParameterServers::MakeReady() {
  sync_->Stop();  // its thread uses the session that ends now
  return ParameterServers::MakeReady();
}

Status SynchronousParameterServers::BeginTraining(tf::Session* session) {
  RETURN_IF_ERROR(ParameterServers::BeginTraining(session));
  return sync_->Start(session);
}

Result<std::optional<std::vector<tf::Tensor>>> SynchronousParameterServers::RunStep(
    tf::Session* session, StepRun run) {
  run.feeds.push_back(sync_->stamp());
  Result<std::optional<std::vector<tf::Tensor>>> values =
      ParameterServers::RunStep(session, std::move(run));
  if (!values.ok() || !values->has_value()) return values;
  ASSIGN_OR_RETURN(const ReplicaSync::Update update, sync_->WaitForUpdate(session));
  if (update.job_ending && !is_chief()) EndJob();
  (*values)->at(1) = tf::Tensor::Scalar(update.global_step);
  return values;
}

Status SynchronousParameterServers::EndSteps(tf::Session* session) {
  sync_->Stop();  // the last checkpoint wants a model that stands still
  return ParameterServers::EndSteps(session);
}

}  // namespace trainyard::train

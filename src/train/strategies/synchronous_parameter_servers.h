// Training with variables on parameter servers, all replicas in step.
#pragma once

#include <memory>

#include "train/strategies/parameter_servers.h"
#include "train/strategies/replica_sync.h"

namespace trainyard::train {

// A chief or worker whose step ends with the update that its gradients, or those of faster
// replicas, have become part of: RunConfig::replicas_to_aggregate. See replica_sync.h.
class SynchronousParameterServers : public ParameterServers {
 public:
  // Fails the graph if the model's train_op is not Minimize's.
  explicit SynchronousParameterServers(const StrategyContext& context);

  Result<tf::Session*> MakeReady() override;
  Status BeginTraining(tf::Session* session) override;
  Result<std::optional<std::vector<tf::Tensor>>> RunStep(tf::Session* session,
                                                         StepRun run) override;
  Status EndSteps(tf::Session* session) override;

 private:
  std::unique_ptr<ReplicaSync> sync_;  // null only where the graph has failed
};

}  // namespace trainyard::train

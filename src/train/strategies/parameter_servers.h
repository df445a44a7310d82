// Training with variables on parameter servers, each replica at its own pace.
#pragma once

#include <memory>
#include <optional>

#include "train/checkpoints/shared_directory_check.h"
#include "train/loop/job_control.h"
#include "train/loop/session_manager.h"
#include "train/strategies/strategy.h"

namespace trainyard::train {

// A chief or worker whose step reads the variables and applies its gradients as it comes. The ends
// are ordered: workers leave first, then the chief saves the last checkpoint, then the parameter
// servers are let go. What a step sends, and how little of it: internal/pack_transfers.h,
// internal/send_gradients.h.
class ParameterServers : public Strategy {
 public:
  explicit ParameterServers(const StrategyContext& context);

  Result<tf::Session*> MakeReady() override;
  Status BeginTraining(tf::Session* session) override;
  Result<std::optional<std::vector<tf::Tensor>>> RunStep(tf::Session* session,
                                                         StepRun run) override;
  bool IsJobEnding() const override { return job_ending_; }
  Status EndSteps(tf::Session* session) override;
  Status Leave(tf::Session* session) override;
  bool MayRecover(const Status& status) const override { return IsRecoverable(status); }

 protected:
  bool is_chief() const { return context_.config.is_chief(); }
  const StrategyContext& context() const { return context_; }
  const JobControl& control() const { return control_; }
  void EndJob() { job_ending_ = true; }

 private:
  Status WaitForWorkers(tf::Session* session);

  const StrategyContext context_;
  JobControl control_;
  std::optional<SharedDirectoryCheck> directory_check_;  // the chief's
  SessionManager sessions_;
  std::unique_ptr<tf::Session> session_;
  bool job_ending_ = false;  // worker: the chief has said so
};

}  // namespace trainyard::train

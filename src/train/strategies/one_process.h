// Training in one process, alone.
#pragma once

#include <memory>

#include "train/loop/session_manager.h"
#include "train/loop/thread_choice.h"
#include "train/strategies/strategy.h"

namespace trainyard::train {

// Restores or initialises, and runs each step as one run of the graph.
class OneProcess : public Strategy {
 public:
  explicit OneProcess(const StrategyContext& context);
  Result<tf::Session*> MakeReady() override;
  Result<std::optional<std::vector<tf::Tensor>>> RunStep(tf::Session* session,
                                                         StepRun run) override;

 private:
  const StrategyContext context_;
  const RunConfig config_;  // with the number of threads
  SessionManager sessions_;
  std::unique_ptr<tf::Session> session_;
};

}  // namespace trainyard::train

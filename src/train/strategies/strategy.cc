#include "train/strategies/strategy.h"

#include "train/strategies/all_reduce.h"
#include "train/strategies/one_process.h"
#include "train/strategies/parameter_servers.h"
#include "train/strategies/synchronous_parameter_servers.h"

namespace trainyard::train {

std::unique_ptr<Strategy> MakeStrategy(const StrategyContext& context) {
  if (context.config.uses_all_reduce()) return std::make_unique<AllReduce>(context);
  if (context.model.model().synchronous_replicas().to_aggregate > 0) {
    return std::make_unique<SynchronousParameterServers>(context);
  }
  if (context.config.uses_server()) return std::make_unique<ParameterServers>(context);
  return std::make_unique<OneProcess>(context);
}

}  // namespace trainyard::train

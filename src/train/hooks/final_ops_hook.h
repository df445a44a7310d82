// Computes values once, when a run ends.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "train/hooks/training_hook.h"

namespace trainyard::train {

// As tf.estimator.FinalOpsHook: at the end in good order, fetches the outputs named ("total" or
// "total:0") in one run of the graph, which may not need the inputs' placeholders. Keep the pointer
// to read final_values() after Train. Thread-compatible.
class FinalOpsHook : public TrainingHook {
 public:
  explicit FinalOpsHook(std::vector<std::string> final_ops) : names_(std::move(final_ops)) {}

  // NotFound, naming it, if an output is not in the graph.
  Status Begin(const HookContext& context) override;
  Status End(tf::Session* session, int64_t global_step) override;

  // By name as given; empty before the end.
  const std::map<std::string, tf::Tensor>& final_values() const { return values_; }

 private:
  const std::vector<std::string> names_;
  std::vector<tf::Output> outputs_;
  std::map<std::string, tf::Tensor> values_;
};

}  // namespace trainyard::train

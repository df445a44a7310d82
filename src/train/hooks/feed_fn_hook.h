// Feeds values to placeholders of the model, step by step.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "train/hooks/training_hook.h"

namespace trainyard::train {

// As tf.estimator.FeedFnHook: before each step `feed_fn` gives the values of placeholders, by the
// name of their output ("rate" or "rate:0"). A failure of feed_fn ends the run; so does a name that
// the graph lacks (NotFound). Thread-compatible.
class FeedFnHook : public TrainingHook {
 public:
  using FeedFn = std::function<Result<std::map<std::string, tf::Tensor>>(int64_t next_step)>;
  explicit FeedFnHook(FeedFn feed_fn) : feed_fn_(std::move(feed_fn)) {}

  Status Begin(const HookContext& context) override;
  Status BeforeStep(int64_t next_step, StepRequest* request) override;

 private:
  const FeedFn feed_fn_;
  const tf::Graph* graph_ = nullptr;
  std::map<std::string, tf::Tensor> values_;  // fed to the step under way
};

}  // namespace trainyard::train

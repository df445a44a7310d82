// The hooks of one run, called together.
#pragma once

#include <memory>
#include <vector>

#include "train/hooks/training_hook.h"

namespace trainyard::train {

// Calls hooks in the order they were added and joins what they ask of a step: one run of the graph
// serves all. Thread-compatible.
class HookList {
 public:
  void Add(std::shared_ptr<TrainingHook> hook) { hooks_.push_back(std::move(hook)); }
  void Add(const std::vector<std::shared_ptr<TrainingHook>>& hooks) {
    hooks_.insert(hooks_.end(), hooks.begin(), hooks.end());
  }

  // Fails with the graph's status if a hook added what cannot be.
  Status Begin(const HookContext& context);
  Status AfterCreateSession(tf::Session* session, int64_t global_step);
  // Joins what they want into `joined`.
  Status BeforeStep(int64_t next_step, StepRequest* joined);
  // `fetched`: the values of the joined request's fetches.
  Status AfterStep(tf::Session* session, StepResult* step, std::span<const tf::Tensor> fetched);
  bool WantsStop() const;
  Status End(tf::Session* session, int64_t global_step);

 private:
  std::vector<std::shared_ptr<TrainingHook>> hooks_;
  std::vector<size_t> num_fetches_;  // by hook, in the step under way
};

// Runs a step's feeds and fetches together with what the hooks asked for. Returns the values of
// `fetches`, then of the request's.
Result<std::vector<tf::Tensor>> RunWithRequest(tf::Session* session, std::vector<tf::Feed> feeds,
                                               std::vector<tf::Output> fetches,
                                               const StepRequest& request,
                                               std::string* run_metadata);

}  // namespace trainyard::train

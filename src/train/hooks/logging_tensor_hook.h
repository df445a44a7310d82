// Logs values of the graph while it runs.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "train/hooks/hook_timer.h"
#include "train/hooks/training_hook.h"

namespace trainyard::train {

// As tf.estimator.LoggingTensorHook: "accuracy = 0.93, rate = 0.01 (2.345 sec)", tags in order of
// the alphabet, at the first step of this process and then every so many of its own steps or
// seconds. Values are cut to their first elements. Thread-compatible.
//
//   LoggingTensorHook({.tensors = {{"rate", "learning_rate"}}, .every_n_iter = 100})
class LoggingTensorHook : public TrainingHook {
 public:
  struct Options {
    // Tag to the name of an operation's output: "rate" or "rate:0". Name outputs in the model
    // function with tf::Identity(scope, x, "rate").
    std::map<std::string, std::string> tensors;
    // One of these three; at_end also beside another: the last step's values.
    std::optional<int64_t> every_n_iter;
    std::optional<std::chrono::milliseconds> every_n_secs;
    bool at_end = false;
    // Replaces the line: from tags and values in order.
    std::function<std::string(const std::map<std::string, std::string>& values)> formatter;
  };
  explicit LoggingTensorHook(Options options);

  // NotFound, naming it, if an output is not in the graph; InvalidArgument for wrong options.
  Status Begin(const HookContext& context) override;
  Status BeforeStep(int64_t next_step, StepRequest* request) override;
  Status AfterStep(tf::Session* session, const StepResult& step) override;
  Status End(tf::Session* session, int64_t global_step) override;

 private:
  std::string Line(std::span<const tf::Tensor> values) const;

  const Options options_;
  std::vector<tf::Output> outputs_;
  HookTimer timer_;
  int64_t iteration_ = 0;  // of this process, as upstream counts them
  bool wanted_ = false;
  std::string last_line_;  // with at_end
};

// The output `name` ("x" or "x:1") of the graph; NotFound names hook and output.
Result<tf::Output> FindHookOutput(const tf::Graph& graph, const char* hook,
                                  const std::string& name);

// The first elements of a tensor as text: "0.93", "[1 2 3 ...]".
std::string ShortText(const tf::Tensor& tensor);

}  // namespace trainyard::train

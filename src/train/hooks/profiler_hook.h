// Records where the time of a step goes.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "train/hooks/hook_timer.h"
#include "train/hooks/training_hook.h"

namespace trainyard::train {

// As tf.estimator.ProfilerHook: at the second step of this process (the first one also places and
// optimises the graph) and then every so many steps or seconds, writes timeline-<step>.json, which
// chrome://tracing and ui.perfetto.dev show. A traced step is slower than others.
// Thread-compatible.
class ProfilerHook : public TrainingHook {
 public:
  struct Options {
    // Exactly one of the two.
    std::optional<int64_t> save_steps;
    std::optional<std::chrono::milliseconds> save_secs;
    std::string output_dir;  // made if it is missing; "": the model directory
  };
  explicit ProfilerHook(Options options);

  Status Begin(const HookContext& context) override;
  Status BeforeStep(int64_t next_step, StepRequest* request) override;
  Status AfterStep(tf::Session* session, const StepResult& step) override;

 private:
  const Options options_;
  std::string directory_;
  HookTimer timer_;
  bool is_first_ = true;
  bool wanted_ = false;
};

}  // namespace trainyard::train

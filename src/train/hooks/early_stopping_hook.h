// Ends training when a metric of the evaluations says so.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "train/hooks/hook_timer.h"
#include "train/hooks/training_hook.h"

namespace trainyard::train {

using EvalHistory = std::map<int64_t, std::map<std::string, double>>;  // by step, by metric

// Where and how often to look.
struct EarlyStoppingOptions {
  std::string eval_dir;   // of the evaluations' event files; "": <model_dir>/eval
  int64_t min_steps = 0;  // never stop before
  // One of the two; neither: every 60 seconds.
  std::optional<int64_t> run_every_steps;
  std::optional<std::chrono::milliseconds> run_every_secs;
};

// As tf.estimator.experimental.make_early_stopping_hook: asks `should_stop` when the timer says so,
// and before the first step, so that a job which had stopped does not go on when it is started
// again. Only the chief asks; its end ends the job (upstream needs a variable for that). Whatever
// evaluates must write to a directory that the chief can read. Thread-compatible.
class EarlyStoppingHook : public TrainingHook {
 public:
  using Rule = std::function<bool(const EvalHistory&)>;
  // `reason` completes the log line "Requesting early stopping at global step 100: <reason>".
  EarlyStoppingHook(EarlyStoppingOptions options, std::string reason, Rule should_stop);

  Status Begin(const HookContext& context) override;
  Status AfterCreateSession(tf::Session* session, int64_t global_step) override;
  Status AfterStep(tf::Session* session, const StepResult& step) override;
  bool WantsStop() const override { return stop_; }

 private:
  Status Look(int64_t global_step);

  const EarlyStoppingOptions options_;
  const std::string reason_;
  const Rule should_stop_;
  std::string eval_dir_;
  bool is_chief_ = true;
  HookTimer timer_;
  bool stop_ = false;
};

// The four rules of tf.estimator.experimental.stop_if_*_hook. Evaluations before min_steps do not
// count. A metric that no evaluation has does not stop anything; the log says so.
//
//   hooks = {StopIfNoDecrease("loss", 1000, {.min_steps = 2000})}
std::shared_ptr<TrainingHook> StopIfHigher(const std::string& metric, double threshold,
                                           EarlyStoppingOptions options = {});
std::shared_ptr<TrainingHook> StopIfLower(const std::string& metric, double threshold,
                                          EarlyStoppingOptions options = {});
// When the best value so far is `max_steps` steps old, or more, at some evaluation.
std::shared_ptr<TrainingHook> StopIfNoIncrease(const std::string& metric, int64_t max_steps,
                                               EarlyStoppingOptions options = {});
std::shared_ptr<TrainingHook> StopIfNoDecrease(const std::string& metric, int64_t max_steps,
                                               EarlyStoppingOptions options = {});

}  // namespace trainyard::train

#include "train/hooks/early_stopping_hook.h"

#include "base/files.h"
#include "base/log.h"
#include "train/hooks/eval_metrics.h"
#include "train/run_config.h"

namespace trainyard::train {
namespace {

HookTimer::Options TimerOf(const EarlyStoppingOptions& options) {
  if (options.run_every_steps.has_value() || options.run_every_secs.has_value()) {
    return {.steps = options.run_every_steps, .interval = options.run_every_secs};
  }
  return {.steps = std::nullopt, .interval = std::chrono::seconds(60)};
}

// The metric at each step from min_steps on.
std::map<int64_t, double> ValuesOf(const EvalHistory& history, const std::string& metric,
                                   int64_t min_steps) {
  std::map<int64_t, double> values;
  for (const auto& [step, metrics] : history) {
    const auto value = metrics.find(metric);
    if (step >= min_steps && value != metrics.end()) values[step] = value->second;
  }
  if (values.empty() && !history.empty() && history.rbegin()->first >= min_steps) {
    LogWarning("early stopping: no evaluation has a metric \"{}\"", metric);
  }
  return values;
}

using Compare = std::function<bool(double, double)>;

std::shared_ptr<TrainingHook> StopAtThreshold(const std::string& metric, double threshold,
                                              const char* word, Compare is_beyond,
                                              EarlyStoppingOptions options) {
  const int64_t min_steps = options.min_steps;
  return std::make_shared<EarlyStoppingHook>(
      std::move(options), fmt::format("{} is {} than {}", metric, word, threshold),
      [=](const EvalHistory& history) {
        for (const auto& [step, value] : ValuesOf(history, metric, min_steps)) {
          if (is_beyond(value, threshold)) return true;
        }
        return false;
      });
}

std::shared_ptr<TrainingHook> StopWithoutProgress(const std::string& metric, int64_t max_steps,
                                                  const char* word, Compare is_better,
                                                  EarlyStoppingOptions options) {
  const int64_t min_steps = options.min_steps;
  return std::make_shared<EarlyStoppingHook>(
      std::move(options), fmt::format("{} did not {} for {} steps", metric, word, max_steps),
      [=](const EvalHistory& history) {
        std::optional<double> best;
        int64_t best_step = 0;
        for (const auto& [step, value] : ValuesOf(history, metric, min_steps)) {
          if (!best.has_value() || is_better(value, *best)) {
            best = value;
            best_step = step;
          }
          if (step - best_step >= max_steps) return true;
        }
        return false;
      });
}

}  // namespace

EarlyStoppingHook::EarlyStoppingHook(EarlyStoppingOptions options, std::string reason,
                                     Rule should_stop)
    : options_(std::move(options)),
      reason_(std::move(reason)),
      should_stop_(std::move(should_stop)),
      timer_(TimerOf(options_)) {}

Status EarlyStoppingHook::Begin(const HookContext& context) {
  RETURN_IF_ERROR(timer_.Check("EarlyStoppingHook"));
  eval_dir_ =
      options_.eval_dir.empty() ? JoinPath(context.config->model_dir, "eval") : options_.eval_dir;
  is_chief_ = context.config->is_chief();
  return OkStatus();
}

Status EarlyStoppingHook::AfterCreateSession(tf::Session* /*session*/, int64_t global_step) {
  return Look(global_step);
}

Status EarlyStoppingHook::AfterStep(tf::Session* /*session*/, const StepResult& step) {
  return timer_.IsDue(step.global_step) ? Look(step.global_step) : OkStatus();
}

Status EarlyStoppingHook::Look(int64_t global_step) {
  if (!is_chief_ || stop_) return OkStatus();
  timer_.Mark(global_step);
  if (global_step < options_.min_steps) return OkStatus();
  ASSIGN_OR_RETURN(const EvalHistory history, ReadEvalMetrics(eval_dir_));
  if (!should_stop_(history)) return OkStatus();
  LogInfo("Requesting early stopping at global step {}: {}", global_step, reason_);
  stop_ = true;
  return OkStatus();
}

std::shared_ptr<TrainingHook> StopIfHigher(const std::string& metric, double threshold,
                                           EarlyStoppingOptions options) {
  return StopAtThreshold(metric, threshold, "higher", std::greater<>(), std::move(options));
}

std::shared_ptr<TrainingHook> StopIfLower(const std::string& metric, double threshold,
                                          EarlyStoppingOptions options) {
  return StopAtThreshold(metric, threshold, "lower", std::less<>(), std::move(options));
}

std::shared_ptr<TrainingHook> StopIfNoIncrease(const std::string& metric, int64_t max_steps,
                                               EarlyStoppingOptions options) {
  return StopWithoutProgress(metric, max_steps, "increase", std::greater<>(), std::move(options));
}

std::shared_ptr<TrainingHook> StopIfNoDecrease(const std::string& metric, int64_t max_steps,
                                               EarlyStoppingOptions options) {
  return StopWithoutProgress(metric, max_steps, "decrease", std::less<>(), std::move(options));
}

}  // namespace trainyard::train

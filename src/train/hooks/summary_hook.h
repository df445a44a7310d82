// Writes the model's summaries and the rate of steps to the event file.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "records/event_writer.h"
#include "train/hooks/training_hook.h"
#include "train/run_config.h"

namespace trainyard::train {

// Every save_summary_steps the model's summaries, every log_step_count_steps `global_step/sec`; the
// chief's task. Estimator's SummarySaverHook and StepCounterHook in one, without their extra runs
// of the graph.
class SummaryHook : public TrainingHook {
 public:
  // `tags` are those of ModelBuilder::scalar_summaries(), in order. Borrows `config` and `events`.
  // `has_summaries`: whether the model has any, of whatever kind.
  SummaryHook(const RunConfig& config, std::vector<std::string> tags, bool has_summaries,
              records::EventWriter* events)
      : config_(config), tags_(std::move(tags)), has_summaries_(has_summaries), events_(events) {}

  Status AfterCreateSession(tf::Session* session, int64_t global_step) override;
  Status BeforeStep(int64_t next_step, StepRequest* request) override;
  Status AfterStep(tf::Session* session, const StepResult& step) override;
  Status End(tf::Session* session, int64_t global_step) override;

 private:
  const RunConfig& config_;
  const std::vector<std::string> tags_;
  const bool has_summaries_;
  records::EventWriter* const events_;
  bool wanted_ = false;
  int64_t last_summary_step_ = -1;  // none yet: the first step is written
  int64_t last_count_step_ = 0;
  std::chrono::steady_clock::time_point last_count_time_;
};

}  // namespace trainyard::train

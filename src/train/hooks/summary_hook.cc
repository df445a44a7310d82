#include "train/hooks/summary_hook.h"

namespace trainyard::train {

Status SummaryHook::AfterCreateSession(tf::Session* /*session*/, int64_t global_step) {
  last_count_step_ = global_step;
  last_count_time_ = std::chrono::steady_clock::now();
  // Readers drop points beyond this step: those of a run that was lost and is done again.
  return events_->AddSessionStart(global_step);
}

Status SummaryHook::BeforeStep(int64_t next_step, StepRequest* request) {
  wanted_ =
      config_.save_summary_steps > 0 && has_summaries_ &&
      (last_summary_step_ < 0 || next_step >= last_summary_step_ + config_.save_summary_steps);
  request->summaries = wanted_;
  return OkStatus();
}

Status SummaryHook::AfterStep(tf::Session* /*session*/, const StepResult& step) {
  if (wanted_) {
    std::vector<records::Scalar> scalars;
    for (size_t i = 0; i < tags_.size(); ++i) scalars.push_back({tags_[i], step.summaries[i]});
    if (!scalars.empty()) RETURN_IF_ERROR(events_->AddScalars(step.global_step, scalars));
    if (!step.other_summaries.empty()) {
      RETURN_IF_ERROR(events_->AddSummaryBytes(step.global_step, step.other_summaries));
    }
    last_summary_step_ = step.global_step;
  }
  if (step.global_step < last_count_step_ + config_.log_step_count_steps) return OkStatus();
  const auto now = std::chrono::steady_clock::now();
  const double seconds = std::chrono::duration<double>(now - last_count_time_).count();
  const double rate = static_cast<double>(step.global_step - last_count_step_) / seconds;
  last_count_step_ = step.global_step;
  last_count_time_ = now;
  const records::Scalar scalar{"global_step/sec", static_cast<float>(rate)};
  return events_->AddScalars(step.global_step, std::span(&scalar, 1));
}

Status SummaryHook::End(tf::Session* /*session*/, int64_t /*global_step*/) {
  return events_->Flush();
}

}  // namespace trainyard::train

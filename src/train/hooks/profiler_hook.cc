#include "train/hooks/profiler_hook.h"

#include "base/files.h"
#include "base/log.h"
#include "train/hooks/timeline.h"
#include "train/run_config.h"

namespace trainyard::train {

ProfilerHook::ProfilerHook(Options options)
    : options_(std::move(options)),
      timer_({.steps = options_.save_steps, .interval = options_.save_secs}) {}

Status ProfilerHook::Begin(const HookContext& context) {
  RETURN_IF_ERROR(timer_.Check("ProfilerHook"));
  directory_ = options_.output_dir.empty() ? context.config->model_dir : options_.output_dir;
  return MakeDirectories(directory_);
}

Status ProfilerHook::BeforeStep(int64_t next_step, StepRequest* request) {
  wanted_ = !is_first_ && timer_.IsDue(next_step);
  is_first_ = false;
  request->trace = wanted_;
  return OkStatus();
}

Status ProfilerHook::AfterStep(tf::Session* /*session*/, const StepResult& step) {
  if (!wanted_) return OkStatus();
  timer_.Mark(step.global_step);
  const std::string path = JoinPath(directory_, fmt::format("timeline-{}.json", step.global_step));
  ASSIGN_OR_RETURN(const std::string timeline, FormatTimeline(step.run_metadata));
  RETURN_IF_ERROR(WriteFileAtomically(path, timeline, /*sync=*/false));
  LogInfo("Saving timeline for {} into '{}'.", step.global_step, path);
  return OkStatus();
}

}  // namespace trainyard::train

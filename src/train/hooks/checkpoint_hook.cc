#include "train/hooks/checkpoint_hook.h"

#include "base/files.h"
#include "base/log.h"
#include "train/checkpoints/checkpoint_state.h"

namespace trainyard::train {

CheckpointHook::CheckpointHook(const RunConfig& config, const Saver& saver,
                               CheckpointDirectory* checkpoints, records::EventWriter* events,
                               Watchdog* watchdog, Companion companion, Listener listener)
    : config_(config),
      saver_(saver),
      checkpoints_(checkpoints),
      events_(events),
      watchdog_(watchdog),
      companion_(std::move(companion)),
      listener_(std::move(listener)) {}

Status CheckpointHook::AfterCreateSession(tf::Session* session, int64_t global_step) {
  last_time_ = std::chrono::steady_clock::now();
  const std::vector<std::string> existing = checkpoints_->NewestFirst();
  if (!existing.empty() && StepOfCheckpoint(existing.front()) == global_step) {
    last_step_ = global_step;
    return OkStatus();
  }
  return Save(session, global_step, /*is_last=*/false);
}

Status CheckpointHook::AfterStep(tf::Session* session, const StepResult& step) {
  if (!IsDue(step.global_step)) return OkStatus();
  return Save(session, step.global_step, /*is_last=*/false);
}

Status CheckpointHook::End(tf::Session* session, int64_t global_step) {
  return Save(session, global_step, /*is_last=*/true);
}

bool CheckpointHook::IsDue(int64_t global_step) const {
  if (config_.save_checkpoints_steps.value_or(0) > 0) {
    return global_step >= last_step_ + *config_.save_checkpoints_steps;
  }
  if (config_.save_checkpoints_secs.value_or(std::chrono::seconds(0)).count() > 0) {
    return std::chrono::steady_clock::now() >= last_time_ + *config_.save_checkpoints_secs;
  }
  return false;
}

Status CheckpointHook::Save(tf::Session* session, int64_t global_step, bool is_last) {
  const std::string prefix = checkpoints_->PrefixFor(global_step);
  if (last_step_ != global_step) {
    LogInfo("Saving checkpoints for {} into {}.", global_step, prefix);
    {
      const auto guard = watchdog_->Guard(config_.step_timeout, "saving a checkpoint");
      RETURN_IF_ERROR(saver_.Save(session, prefix));
    }
    if (companion_) RETURN_IF_ERROR(companion_(prefix));
    RETURN_IF_ERROR(checkpoints_->Add(global_step));
    RETURN_IF_ERROR(
        events_->AddCheckpointLog(global_step, JoinPath(config_.model_dir, "model.ckpt")));
    last_step_ = global_step;
    last_time_ = std::chrono::steady_clock::now();
  }
  return listener_ ? listener_(prefix, global_step, is_last) : OkStatus();
}

}  // namespace trainyard::train

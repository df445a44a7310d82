#include "train/checkpoints/checkpoint_wait.h"

#include <algorithm>

#include "base/log.h"
#include "train/checkpoints/chief_directory.h"
#include "train/checkpoints/chief_link.h"

namespace trainyard::train {
namespace {

constexpr std::chrono::seconds kMostBetweenQuestions(60);
constexpr std::chrono::seconds kBetweenLines(60);

}  // namespace

CheckpointWait::CheckpointWait(const RunConfig& config, ProgressReporter* reporter,
                               std::chrono::milliseconds patience)
    : config_(config), patience_(patience) {
  reporter->Report(
      {.phase = "waiting",
       .message = fmt::format("waiting for the chief's first checkpoint in {}", config.model_dir)});
}

Status CheckpointWait::Check(bool has_checkpoint) {
  const Clock::time_point now = Clock::now();
  if (!has_checkpoint && now >= next_line_) {
    next_line_ = now + kBetweenLines;
    LogInfo("Waiting for the chief's first checkpoint in {}{}{}.", config_.model_dir,
            is_shared_ ? "" : ", which has to be the chief's own directory", no_answer_);
  }
  if (is_shared_ || config_.task.chief_address.empty() || now < next_question_) return OkStatus();
  const auto elsewhere = AskChief();
  next_question_ = Clock::now() + between_questions_;
  between_questions_ = std::min(between_questions_ * 2, kMostBetweenQuestions);
  // A chief that does not answer may still write checkpoints here.
  if (!elsewhere.ok()) {
    no_answer_ = fmt::format(" (the chief at {} has not said whether it is: {})",
                             config_.task.chief_address, elsewhere.error().message());
    return OkStatus();
  }
  no_answer_.clear();
  if (elsewhere->has_value()) {
    return InvalidArgumentError(
        "cannot evaluate checkpoints in {}: the chief ({}) writes its own to {}, where it does not "
        "see what the evaluator writes; give both the same directory on shared storage, or set "
        "save_on_chief in every process, with which the evaluator fetches them",
        config_.model_dir, config_.task.chief_address, **elsewhere);
  }
  is_shared_ = true;
  return OkStatus();
}

Result<std::optional<std::string>> CheckpointWait::AskChief() {
  ASSIGN_OR_RETURN(const std::unique_ptr<ChiefLink> link,
                   ChiefLink::Create({.target = "grpc://" + config_.task.chief_address,
                                      .call_timeout = std::chrono::seconds(2),
                                      .file_timeout = std::chrono::seconds(2)}));
  ASSIGN_OR_RETURN(std::string chief_dir, link->ReadModelDir());
  ASSIGN_OR_RETURN(const bool is_same,
                   IsSameDirectory(link.get(), chief_dir, config_.model_dir, patience_));
  if (is_same) return std::nullopt;
  return chief_dir;
}

}  // namespace trainyard::train

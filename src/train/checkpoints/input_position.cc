#include "train/checkpoints/input_position.h"

#include <charconv>
#include <utility>

#include "base/files.h"
#include "base/log.h"
#include "train/checkpoints/checkpoint_directory.h"
#include "train/checkpoints/checkpoint_state.h"

namespace trainyard::train {
namespace {

constexpr const char* kKind = "input";
constexpr const char* kCheckpointName = "model.ckpt-";

// A checkpoint is seen within a step or two of the step that it holds; a worker remembers enough of
// its own steps for a slow disk.
constexpr size_t kMaxNotes = 1024;
constexpr uint64_t kMarkSpacing = 64;

// The step in "model.ckpt-<step><suffix>"; -1 for another name.
int64_t StepOf(std::string_view name, std::string_view suffix) {
  if (!name.starts_with(kCheckpointName) || !name.ends_with(suffix)) return -1;
  name.remove_prefix(std::string_view(kCheckpointName).size());
  if (name.size() <= suffix.size()) return -1;
  name.remove_suffix(suffix.size());
  int64_t step = -1;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), step);
  return error == std::errc() && end == name.data() + name.size() ? step : -1;
}

}  // namespace

PositionedInput::PositionedInput(const Input* input, std::string model_dir,
                                 const spec::TaskConfig& task, std::chrono::milliseconds look_every)
    : input_(input),
      model_dir_(std::move(model_dir)),
      suffix_(fmt::format(".input-{}-{}", task.type, task.index)),
      is_chief_(task.is_chief),
      marks_(kMarkSpacing),
      look_every_(look_every) {}

Result<std::unique_ptr<PositionedInput>> PositionedInput::Create(
    const Input* input, std::string model_dir, const spec::TaskConfig& task,
    std::chrono::milliseconds look_every) {
  std::unique_ptr<PositionedInput> positioned(
      new PositionedInput(input, std::move(model_dir), task, look_every));
  RETURN_IF_ERROR(positioned->Start());
  return positioned;
}

Status PositionedInput::Start() {
  ASSIGN_OR_RETURN(batches_, input_->MakeIterator());
  marks_.Reset(0);
  notes_.clear();
  is_behind_position_ = false;
  return OkStatus();
}

Result<std::optional<Batch>> PositionedInput::Next() {
  const bool may_start_anew = std::exchange(is_behind_position_, false);
  ASSIGN_OR_RETURN(std::optional<Batch> batch, Draw());
  if (batch.has_value() || !may_start_anew) return batch;
  const std::deque<Note> notes = notes_;
  RETURN_IF_ERROR(Start());
  if (!notes.empty()) notes_.push_back({notes.back().global_step, 0});
  return Draw();
}

Result<std::optional<Batch>> PositionedInput::Draw() {
  marks_.BeforeDraw(*batches_);
  marks_.Forget(notes_.empty() ? marks_.num_drawn() - 1 : notes_.front().num_drawn);
  return batches_->Next();
}

Status PositionedInput::GoTo(int64_t global_step) {
  RETURN_IF_ERROR(Start());
  if (model_dir_.empty()) return OkStatus();
  int64_t newest = -1;
  const Result<std::vector<std::string>> names = ListDirectory(model_dir_);
  if (names.ok()) {
    for (const std::string& name : *names) {
      const int64_t step = StepOf(name, suffix_);
      if (step <= global_step && step > newest) newest = step;
    }
  }
  if (newest >= 0) {
    const std::string path =
        PathFor(JoinPath(model_dir_, fmt::format("{}{}", kCheckpointName, newest)));
    const Result<std::string> position = ReadFile(path);
    Status status = position.status();
    if (status.ok() && !position->empty()) {
      const Result<uint64_t> restored = RestoreMarked(kKind, *position, *batches_, &marks_);
      status = restored.status();
      is_behind_position_ = status.ok();
      if (status.ok() && *restored > 0) {
        LogInfo("Going on in the data behind batch {}, as of checkpoint {}.", *restored, newest);
      }
    }
    if (!status.ok()) {
      LogWarning("{} does not fit ({}); starting with the first batch", path, status.message());
      RETURN_IF_ERROR(Start());
    }
  }
  if (is_chief_) return OkStatus();
  notes_.push_back({global_step, marks_.num_drawn()});
  const Result<std::string> announced = LatestCheckpoint(model_dir_);
  if (announced.ok()) last_announced_ = *announced;
  return OkStatus();
}

Status PositionedInput::Save(const std::string& prefix, Last last) {
  if (model_dir_.empty()) return OkStatus();
  if (last == Last::kEnd) return Write(prefix, "");
  const uint64_t done = marks_.num_drawn() - (last == Last::kPending ? 1 : 0);
  return Write(prefix, SaveMarked(kKind, marks_, done, *batches_));
}

void PositionedInput::AfterWorkerStep(int64_t global_step) {
  if (model_dir_.empty()) return;
  notes_.push_back({global_step, marks_.num_drawn()});
  while (notes_.size() > kMaxNotes) notes_.pop_front();
  // On shared storage a look costs as much as a small step.
  const auto now = std::chrono::steady_clock::now();
  if (now < next_look_) return;
  next_look_ = now + look_every_;
  const Result<std::string> announced = LatestCheckpoint(model_dir_);
  if (!announced.ok() || *announced == last_announced_) return;
  last_announced_ = *announced;
  const int64_t saved = StepOfCheckpoint(*announced);
  while (notes_.size() > 1 && notes_[1].global_step <= saved) notes_.pop_front();
  // Write has warned; a worker's training does not end for it.
  (void)Write(*announced, SaveMarked(kKind, marks_, notes_.front().num_drawn, *batches_));
}

// A chief's failure to write is that of the checkpoint; a worker need not have the directory.
Status PositionedInput::Write(const std::string& prefix, const std::string& position) {
  const Status status = WriteFileAtomically(PathFor(prefix), position);
  if (status.ok() || is_chief_) return status;
  if (!std::exchange(has_warned_, true)) {
    LogWarning("{}; this worker will begin with its first batch if it is restarted",
               status.message());
  }
  return OkStatus();
}

std::string PositionedInput::PathFor(const std::string& prefix) const { return prefix + suffix_; }

}  // namespace trainyard::train

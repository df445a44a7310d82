#include "train/checkpoints/checkpoint_directory.h"

#include <algorithm>

#include "base/files.h"
#include "base/log.h"
#include "train/checkpoints/checkpoint_state.h"

namespace trainyard::train {
namespace {

constexpr const char* kStateFile = "checkpoint";

Result<CheckpointState> ReadState(const std::string& directory) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(JoinPath(directory, kStateFile)));
  Result<CheckpointState> state = ParseCheckpointState(text);
  if (!state.ok()) return state.status().WithContext(JoinPath(directory, kStateFile));
  return state;
}

// Centuries are as good as never, and fit in the clock.
std::filesystem::file_time_type::duration Hours(double hours) {
  constexpr double kMost = 24 * 365 * 100;
  return std::chrono::duration_cast<std::filesystem::file_time_type::duration>(
      std::chrono::duration<double, std::ratio<3600>>(std::min(hours, kMost)));
}

}  // namespace

CheckpointDirectory::CheckpointDirectory(Options options)
    : options_(std::move(options)),
      next_kept_time_(std::filesystem::file_time_type::clock::now() +
                      Hours(options_.keep_every_n_hours)) {}

Status CheckpointDirectory::Load() {
  names_.clear();
  const Result<CheckpointState> state = ReadState(options_.directory);
  if (state.status().code() == StatusCode::kNotFound) return OkStatus();
  if (!state.ok()) {
    // The file is replaced in one step, so this is damage from outside. The bundles may be fine,
    // but which of them are ours cannot be known: say so rather than start over silently.
    return state.status();
  }
  for (const std::string& path : state->all) {
    const std::string name = path.substr(path.rfind('/') + 1);
    if (PathExists(JoinPath(options_.directory, name) + ".index")) names_.push_back(name);
  }
  return OkStatus();
}

std::string CheckpointDirectory::PrefixFor(int64_t step) const {
  return JoinPath(options_.directory, fmt::format("model.ckpt-{}", step));
}

Status CheckpointDirectory::Add(int64_t step) {
  const std::string name = fmt::format("model.ckpt-{}", step);
  std::erase(names_, name);
  names_.push_back(name);
  std::vector<std::string> expired;
  while (options_.keep_max > 0 && static_cast<int>(names_.size()) > options_.keep_max) {
    if (!IsKeptForEver(names_.front())) expired.push_back(names_.front());
    names_.erase(names_.begin());
  }
  // The file first: nobody may be led to a checkpoint whose files are going.
  RETURN_IF_ERROR(WriteFileAtomically(JoinPath(options_.directory, kStateFile),
                                      FormatCheckpointState({.latest = name, .all = names_})));
  for (const std::string& old : expired) {
    const Status status = DeleteFiles(old);
    if (!status.ok()) LogWarning("an old checkpoint stays: {}", status.message());
  }
  return OkStatus();
}

std::vector<std::string> CheckpointDirectory::NewestFirst() const {
  std::vector<std::string> prefixes;
  for (auto name = names_.rbegin(); name != names_.rend(); ++name) {
    prefixes.push_back(JoinPath(options_.directory, *name));
  }
  return prefixes;
}

// As tf.train.Saver: the first one that is written after the time has come, then the next time.
bool CheckpointDirectory::IsKeptForEver(const std::string& name) {
  std::error_code unreadable;
  const std::string index = JoinPath(options_.directory, name + ".index");
  const auto written = std::filesystem::last_write_time(index, unreadable);
  if (unreadable || written <= next_kept_time_) return false;
  next_kept_time_ += Hours(options_.keep_every_n_hours);
  return true;
}

Status CheckpointDirectory::DeleteFiles(const std::string& name) const {
  ASSIGN_OR_RETURN(const std::vector<std::string> files, ListDirectory(options_.directory));
  // Index before data: a reader that finds the index may count on the data.
  RETURN_IF_ERROR(RemoveRecursively(JoinPath(options_.directory, name + ".index")));
  for (const std::string& file : files) {
    if (file.starts_with(name + ".data-") || file.starts_with(name + ".input-") ||
        file == name + ".meta") {
      RETURN_IF_ERROR(RemoveRecursively(JoinPath(options_.directory, file)));
    }
  }
  return OkStatus();
}

Result<std::string> LatestCheckpoint(const std::string& directory) {
  ASSIGN_OR_RETURN(const CheckpointState state, ReadState(directory));
  const std::string prefix = JoinPath(directory, state.latest);
  if (!PathExists(prefix + ".index")) {
    return NotFoundError("{} names {}, which has no index file", JoinPath(directory, kStateFile),
                         prefix);
  }
  return prefix;
}

}  // namespace trainyard::train

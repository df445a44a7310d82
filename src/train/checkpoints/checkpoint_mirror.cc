#include "train/checkpoints/checkpoint_mirror.h"

#include <algorithm>
#include <charconv>

#include "base/files.h"
#include "base/log.h"
#include "tf/checkpoint_reader.h"
#include "train/checkpoints/checkpoint_state.h"
#include "train/loop/continuous_evaluation.h"

namespace trainyard::train {
namespace {

constexpr std::string_view kCheckpointName = "model.ckpt-";

bool IsCheckpointName(std::string_view name) {
  return name.starts_with(kCheckpointName) && StepOfCheckpoint(name) >= 0 &&
         std::all_of(name.begin() + kCheckpointName.size(), name.end(),
                     [](char c) { return c >= '0' && c <= '9'; });
}

// Five digits at the start of `text`, which is shortened by them.
bool TakeNumber(std::string_view* text, int* number) {
  constexpr size_t kDigits = 5;
  if (text->size() < kDigits) return false;
  const char* end = text->data() + kDigits;
  const auto [rest, error] = std::from_chars(text->data(), end, *number);
  if (error != std::errc() || rest != end || *number < 0) return false;
  text->remove_prefix(kDigits);
  return true;
}

// Every tensor against its checksum.
Status Verify(const std::string& prefix) {
  ASSIGN_OR_RETURN(const tf::CheckpointReader reader, tf::CheckpointReader::Open(prefix));
  for (const auto& [name, entry] : reader.entries()) {
    RETURN_IF_ERROR(reader.Read(name).status());
  }
  return OkStatus();
}

}  // namespace

bool IsDataFileOf(std::string_view checkpoint, std::string_view file, int* count) {
  constexpr std::string_view kData = ".data-";
  constexpr std::string_view kOf = "-of-";
  int index = 0;
  if (!file.starts_with(checkpoint)) return false;
  file.remove_prefix(checkpoint.size());
  if (!file.starts_with(kData)) return false;
  file.remove_prefix(kData.size());
  if (!TakeNumber(&file, &index) || !file.starts_with(kOf)) return false;
  file.remove_prefix(kOf.size());
  return TakeNumber(&file, count) && file.empty() && index < *count;
}

CheckpointMirror::CheckpointMirror(Options options)
    : options_(std::move(options)),
      checkpoints_({.directory = options_.directory, .keep_max = options_.keep_max}) {}

std::string CheckpointMirror::Incoming() const { return JoinPath(options_.directory, "incoming"); }

Status CheckpointMirror::Begin() {
  RETURN_IF_ERROR(MakeDirectories(options_.directory));
  RETURN_IF_ERROR(RemoveRecursively(Incoming()));
  RETURN_IF_ERROR(ClearTrainingEnd(options_.directory));
  return checkpoints_.Load();
}

Result<bool> CheckpointMirror::Update(CheckpointSource& source) {
  // In this order: if there is a mark, the checkpoint that is named then is the last one.
  const Result<std::string> mark = source.Read(kTrainingEndFile);
  if (!mark.ok() && mark.status().code() != StatusCode::kNotFound) return mark.status();
  const Result<std::string> text = source.Read("checkpoint");
  if (text.status().code() == StatusCode::kNotFound) return false;
  RETURN_IF_ERROR(text.status());
  ASSIGN_OR_RETURN(const CheckpointState state, ParseCheckpointState(*text));
  const std::string name = state.latest.substr(state.latest.rfind('/') + 1);
  if (!IsCheckpointName(name)) {
    return InvalidArgumentError("cannot fetch checkpoint \"{}\": its name is not model.ckpt-<step>",
                                name);
  }
  RETURN_IF_ERROR(Fetch(source, name));
  has_checkpoint_ = true;
  if (!mark.ok()) return false;
  RETURN_IF_ERROR(MarkTrainingEnd(options_.directory, StepOfCheckpoint(name)));
  return true;
}

Status CheckpointMirror::Fetch(CheckpointSource& source, const std::string& checkpoint) {
  const std::string prefix = JoinPath(options_.directory, checkpoint);
  ASSIGN_OR_RETURN(const std::string index, source.Read(checkpoint + ".index"));
  // The index holds the checksum of every tensor: equal ones mean equal checkpoints. The name alone
  // does not, after a training that was begun anew.
  const Result<std::string> own = ReadFile(prefix + ".index");
  if (own.ok() && *own == index) {
    const std::vector<std::string> known = checkpoints_.NewestFirst();
    if (!known.empty() && known.front() == prefix) return OkStatus();
    return checkpoints_.Add(StepOfCheckpoint(checkpoint));
  }
  const Status status = FetchFiles(source, checkpoint, index);
  const Status removed = RemoveRecursively(Incoming());
  RETURN_IF_ERROR(status.WithContext(fmt::format("cannot fetch checkpoint {}", checkpoint)));
  RETURN_IF_ERROR(removed);
  LogInfo("Fetched {} from the chief.", checkpoint);
  return checkpoints_.Add(StepOfCheckpoint(checkpoint));
}

Status CheckpointMirror::FetchFiles(CheckpointSource& source, const std::string& checkpoint,
                                    const std::string& index) {
  const std::string incoming = Incoming();
  RETURN_IF_ERROR(MakeDirectories(incoming));
  ASSIGN_OR_RETURN(const std::vector<std::string> files, source.List(checkpoint));
  std::vector<std::string> taken;
  int count = 0;
  for (const std::string& file : files) {
    if (!IsDataFileOf(checkpoint, file, &count)) continue;
    ASSIGN_OR_RETURN(const std::string content, source.Read(file));
    RETURN_IF_ERROR(WriteFileAtomically(JoinPath(incoming, file), content));
    taken.push_back(file);
  }
  if (taken.empty() || static_cast<int>(taken.size()) != count) {
    return NotFoundError("{} of its data files are gone", taken.empty() ? "all" : "some");
  }
  const std::string index_file = checkpoint + ".index";
  RETURN_IF_ERROR(WriteFileAtomically(JoinPath(incoming, index_file), index));
  RETURN_IF_ERROR(Verify(JoinPath(incoming, checkpoint)));
  // Without an index nobody reads the data files while they are replaced.
  RETURN_IF_ERROR(RemoveRecursively(JoinPath(options_.directory, index_file)));
  taken.push_back(index_file);
  for (const std::string& file : taken) {
    RETURN_IF_ERROR(RenamePath(JoinPath(incoming, file), JoinPath(options_.directory, file)));
  }
  return OkStatus();
}

}  // namespace trainyard::train

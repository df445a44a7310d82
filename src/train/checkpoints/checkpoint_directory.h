// The checkpoints of a model directory: which there are, which is the newest, which to delete.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/status.h"

namespace trainyard::train {

// Keeps the file `checkpoint` and the bundle files of one model directory. One process writes (the
// chief); any number may read at the same time with LatestCheckpoint. Thread-compatible.
//
//   CheckpointDirectory checkpoints({.directory = model_dir, .keep_max = 5});
//   RETURN_IF_ERROR(checkpoints.Load());
//   RETURN_IF_ERROR(saver.Save(session, checkpoints.PrefixFor(step)));
//   RETURN_IF_ERROR(checkpoints.Add(step));
class CheckpointDirectory {
 public:
  struct Options {
    std::string directory;
    int keep_max = 5;  // 0 keeps all
    // Of the checkpoints beyond keep_max, one in so many hours stays for ever, counted from the
    // construction of this object.
    double keep_every_n_hours = 10000;
  };
  explicit CheckpointDirectory(Options options);

  // Takes over the checkpoints that are there (those whose index file exists).
  Status Load();

  // "<directory>/model.ckpt-<step>".
  std::string PrefixFor(int64_t step) const;

  // Records the checkpoint of `step`, whose files are written, as the newest, and deletes the
  // oldest ones beyond keep_max. A step recorded twice stands once.
  Status Add(int64_t step);

  // Absolute prefixes, newest first.
  std::vector<std::string> NewestFirst() const;

 private:
  Status DeleteFiles(const std::string& name) const;

  bool IsKeptForEver(const std::string& name);

  const Options options_;
  std::filesystem::file_time_type next_kept_time_;  // a checkpoint later than this is kept for ever
  std::vector<std::string> names_;                  // "model.ckpt-100", oldest first
};

// The prefix of the newest whole checkpoint that `<directory>/checkpoint` names; NotFound if there
// is none yet. Safe while the writer saves and deletes.
Result<std::string> LatestCheckpoint(const std::string& directory);

}  // namespace trainyard::train

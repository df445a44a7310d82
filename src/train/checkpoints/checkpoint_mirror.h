// A copy of another process's checkpoints, kept up to date.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "train/checkpoints/checkpoint_directory.h"

namespace trainyard::train {

// Files of a model directory that lies elsewhere. Every call may fail as its transport does; a
// caller that gets Unavailable may try again later. Thread-compatible.
class CheckpointSource {
 public:
  virtual ~CheckpointSource() = default;
  // A file's bytes; `name` has no directory. NotFound if there is no such file.
  virtual Result<std::string> Read(const std::string& name) = 0;
  // The names of the files that belong to a checkpoint: those that begin with "<checkpoint>.".
  virtual Result<std::vector<std::string>> List(const std::string& checkpoint) = 0;
};

// Brings the newest checkpoint of a source into a directory of its own, and the mark that training
// has ended. A checkpoint is visible there (LatestCheckpoint) when all its files are whole: they
// are written under `incoming/`, every tensor is read and compared with its checksum, then they are
// renamed and recorded. Whatever fails before leaves what was there.
//
// The source is not trusted with paths: it names checkpoints "model.ckpt-<step>" and their files,
// and nothing else is written. Thread-compatible; readers may use the directory at the same time.
class CheckpointMirror {
 public:
  struct Options {
    std::string directory;
    int keep_max = 5;  // as RunConfig::keep_checkpoint_max
  };
  explicit CheckpointMirror(Options options);

  // Takes over the copies of an earlier run, and removes its mark of the end. Once, first.
  Status Begin();

  // One look at the source: whether training has ended and its last checkpoint is here. NotFound if
  // the checkpoint was deleted while it was read (a newer one follows), DataLoss if it was damaged
  // on its way or at its source, ResourceExhausted if it does not fit here; the next call begins
  // anew.
  Result<bool> Update(CheckpointSource& source);

  // Whether the newest checkpoint here is one that the source had since Begin, not only one of an
  // earlier run.
  bool has_checkpoint() const { return has_checkpoint_; }

 private:
  Status Fetch(CheckpointSource& source, const std::string& checkpoint);
  Status FetchFiles(CheckpointSource& source, const std::string& checkpoint,
                    const std::string& index);
  std::string Incoming() const;

  const Options options_;
  CheckpointDirectory checkpoints_;
  bool has_checkpoint_ = false;
};

// Whether `file` is a data file "<checkpoint>.data-<i>-of-<n>", with `count` set to n.
bool IsDataFileOf(std::string_view checkpoint, std::string_view file, int* count);

}  // namespace trainyard::train

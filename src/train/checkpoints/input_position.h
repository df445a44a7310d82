// The position in the data that belongs to a checkpoint.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "base/status.h"
#include "spec/tf_config.h"
#include "train/input.h"
#include "train/inputs/position.h"

namespace trainyard::train {

// Draws a replica's batches and keeps its position with checkpoints, so that a run that goes on
// from one neither repeats nor leaves out a batch.
//
// A position is a small file beside the checkpoint, `model.ckpt-100.input-worker-1`, one for each
// replica that trains. Not a tensor in the checkpoint: a checkpoint is then still exactly what
// Estimator writes and reads, replicas may come and go, and each writes its own without the others.
//
// - The chief, or a program that trains alone, writes it before the checkpoint is announced: a
//   checkpoint that is found has its position.
// - A worker learns of a checkpoint when it is announced, and writes where it was at that step: the
//   last of its own steps that the checkpoint holds. Steps of several workers run side by side, so
//   one that was in flight while the variables were written may be counted either way. Where the
//   model directory is not shared with workers, or not writable to them, a warning says once that
//   a restarted worker will begin with its first batch.
// - Without a model directory (RunConfig::save_on_chief) a worker keeps no position.
// - Where the data has ended, the position is empty: the next run starts with the first batch. So
//   does one whose position turns out to be at the end.
//
// Owned by Trainer. Thread-compatible.
class PositionedInput {
 public:
  // `input` must outlive it. A worker looks for a new checkpoint no more often than `look_every`.
  static Result<std::unique_ptr<PositionedInput>> Create(
      const Input* input, std::string model_dir, const spec::TaskConfig& task,
      std::chrono::milliseconds look_every = std::chrono::milliseconds(100));

  // Draws the next batch, as BatchIterator.
  Result<std::optional<Batch>> Next();

  // Goes to the position of the newest checkpoint at or before `global_step`; without one, or with
  // one that is another pipeline's (a warning says so), to the first batch.
  Status GoTo(int64_t global_step);

  // What the last batch drawn has become.
  enum class Last { kTrained, kPending, kEnd };
  // Writes the position for the checkpoint `prefix`: behind the last batch, in front of it if its
  // step is not done, or empty at the end of the data. A failure is the chief's only.
  Status Save(const std::string& prefix, Last last);

  // A worker's: all batches drawn so far are in the model at `global_step`. Writes a position if
  // another checkpoint has been announced since the last look.
  void AfterWorkerStep(int64_t global_step);

  // "<prefix>.input-<type>-<index>".
  std::string PathFor(const std::string& prefix) const;

 private:
  struct Note {
    int64_t global_step = 0;
    uint64_t num_drawn = 0;
  };

  PositionedInput(const Input* input, std::string model_dir, const spec::TaskConfig& task,
                  std::chrono::milliseconds look_every);
  Status Start();
  Result<std::optional<Batch>> Draw();
  Status Write(const std::string& prefix, const std::string& position);

  const Input* const input_;
  const std::string model_dir_;
  const std::string suffix_;
  const bool is_chief_;
  std::unique_ptr<BatchIterator> batches_;
  PositionMarks marks_;
  bool is_behind_position_ = false;  // nothing was drawn since GoTo went to a position
  // A worker's own steps of late; the chief needs none.
  std::deque<Note> notes_;
  std::string last_announced_;
  const std::chrono::milliseconds look_every_;
  std::chrono::steady_clock::time_point next_look_;
  bool has_warned_ = false;
};

}  // namespace trainyard::train

// The file `checkpoint`, which names a model directory's checkpoints.
//
// Source: CheckpointState in TensorFlow's checkpoint_state.proto (text form), as written by
// tf.train.Saver with relative paths: `model_checkpoint_path: "model.ckpt-100"`, then one
// `all_model_checkpoint_paths` line per checkpoint, oldest first, the newest included.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace trainyard::train {

struct CheckpointState {
  std::string latest;            // as in the file: usually relative to its directory
  std::vector<std::string> all;  // oldest first

  friend bool operator==(const CheckpointState&, const CheckpointState&) = default;
};

// Unknown fields (timestamps) are skipped. DataLoss if the text is damaged or names no latest
// checkpoint. Input is untrusted.
Result<CheckpointState> ParseCheckpointState(std::string_view text);
std::string FormatCheckpointState(const CheckpointState& state);

// The global step in a checkpoint's name: 100 of "dir/model.ckpt-100"; -1 if there is none.
int64_t StepOfCheckpoint(std::string_view prefix);

}  // namespace trainyard::train

// The evaluator's role: new checkpoints are evaluated as they come, until training has ended.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/status.h"
#include "train/estimator.h"

namespace trainyard::train {

struct EvalSpec;

// Evaluates the newest checkpoint whenever there is a new one, and returns the last result once
// training has ended (MarkTrainingEnd, or a checkpoint at max_steps) and its last checkpoint is
// evaluated. With save_on_chief, checkpoints are fetched from the chief first (CheckpointFollower),
// and Unavailable tells of one that cannot be reached. A checkpoint deleted or replaced while it is
// read is passed over. Cancelled if the process is asked to stop.
Result<EvalResult> EvaluateContinuously(const Estimator& estimator, const EvalSpec& spec,
                                        std::optional<int64_t> max_steps);

// The file training_end.json in the model directory: the chief writes it when training has ended,
// also before max_steps, and removes it when training goes on. Without it an evaluator would wait
// for ever for a checkpoint that never comes.
Status MarkTrainingEnd(const std::string& model_dir, int64_t global_step);
Status ClearTrainingEnd(const std::string& model_dir);
inline constexpr char kTrainingEndFile[] = "training_end.json";
bool HasTrainingEnded(const std::string& model_dir);

}  // namespace trainyard::train

// The results of evaluations, read back from their event files.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/status.h"

namespace trainyard::train {

// Metrics by step of the checkpoint, then by name. As tf.estimator.experimental.read_eval_metrics:
// of several results for one step the last is taken. Empty if `eval_dir` does not exist yet.
Result<std::map<int64_t, std::map<std::string, double>>> ReadEvalMetrics(
    const std::string& eval_dir);

}  // namespace trainyard::train

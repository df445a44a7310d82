// How far a replica has come: from the progress file it writes (docs/contracts/progress.md), or
// from the lines that TensorFlow's Estimator logs.
//
// Plain values; thread-compatible.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trainyard::local {

struct Progress {
  std::string
      phase;  // starting, waiting, training, evaluating, exporting, finished, stopped, failed
  std::optional<int64_t> step{};
  std::optional<int64_t> max_steps{};
  std::optional<double> loss{};
  std::optional<double> steps_per_sec{};
  std::optional<double> accuracy{};  // of the evaluation at eval_step
  std::optional<int64_t> eval_step{};
  std::string message{};

  friend bool operator==(const Progress&, const Progress&) = default;
};

// Takes over what one line of a progress file says; the last value of each key counts, and a new
// phase ends the message of the one before. A line that
// is not a JSON object changes nothing. True if something was taken.
bool ReadProgressLine(std::string_view line, Progress* progress);

// The same for a log line of tf.estimator: `loss = 1.23, step = 100`, `global_step/sec: 35.1`,
// `Saving checkpoints for 100 into ...`, `Saving dict for global step 100: accuracy = 0.98, ...`.
// Other lines change nothing.
bool ReadEstimatorLine(std::string_view line, Progress* progress);

// The number of steps asked for by --max_steps, --steps or --train_steps, if the arguments have
// one.
std::optional<int64_t> MaxStepsFromArguments(const std::vector<std::string>& args);

}  // namespace trainyard::local

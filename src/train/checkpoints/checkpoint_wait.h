// An evaluator that waits for checkpoints in a directory which it should share with its chief.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/status.h"
#include "train/loop/progress.h"
#include "train/run_config.h"

namespace trainyard::train {

// Says for what an evaluator waits, and notices a directory that is not shared. Where the chief has
// a TensorFlow server (with parameter servers) it is asked whether it sees what is written here,
// until it has answered; a chief that is not ours, or trains by all-reduce, has no answer, and then
// there are lines in the log alone. Owned by the evaluator's loop, in one thread.
class CheckpointWait {
 public:
  // Borrows both. `patience`: network storage may show files late.
  CheckpointWait(const RunConfig& config, ProgressReporter* reporter,
                 std::chrono::milliseconds patience = std::chrono::seconds(5));

  // To be called between looks at the directory, until the first checkpoint is there that was not
  // there before. Takes some seconds, now and then, while no chief answers. InvalidArgument if the
  // directory is not the chief's: says so and what to do. `has_checkpoint`: there is one, though an
  // old one.
  Status Check(bool has_checkpoint);

 private:
  using Clock = std::chrono::steady_clock;
  // The chief's directory, if it is another than this process's.
  Result<std::optional<std::string>> AskChief();

  const RunConfig& config_;
  const std::chrono::milliseconds patience_;
  bool is_shared_ = false;  // the chief has said so
  std::string no_answer_;   // why it has not been asked, or not answered
  std::chrono::seconds between_questions_{2};
  Clock::time_point next_question_ = Clock::now();
  Clock::time_point next_line_ = Clock::now() + std::chrono::seconds(5);
};

}  // namespace trainyard::train

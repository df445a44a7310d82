// What `trainyard run` shows of all its jobs together. Used from one thread.
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "local/job_queue.h"

namespace trainyard::cli {

enum class RunOutput { kLive, kPlain, kJson };

struct QueueScreen {
  std::FILE* out = stdout;     // borrowed, as in job_observers.h
  std::FILE* errors = stderr;  // why a job failed
  std::string directory{};     // paths are shown relative to it
};

// For one job the observers of job_observers.h; for several a block with a line for each that runs,
// or their lines with the job's name before them. `jobs` holds their names.
std::unique_ptr<local::QueueObserver> MakeQueueObserver(RunOutput output, QueueScreen screen,
                                                        const std::vector<std::string>& jobs);

}  // namespace trainyard::cli

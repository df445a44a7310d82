// The three ways `trainyard run` shows a job under way.
//
// Each is owned by the command and used from one thread. They write to the given stdio stream,
// which is borrowed; a stream that fails (a closed pipe) is not written to any more and does not
// end the job.
#pragma once

#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <string>

#include "local/job_view.h"
#include "local/runner.h"

namespace trainyard::cli {

// A RunObserver that also has the last word.
class JobObserver : public local::RunObserver {
 public:
  virtual void OnEnd(const local::RunOutcome& outcome) = 0;
};

// A block of lines on a terminal, redrawn in place; log lines scroll by above it.
std::unique_ptr<JobObserver> MakeLiveObserver(std::FILE* out, std::string directory);

// A line for each change, and one with the progress every few seconds.
std::unique_ptr<JobObserver> MakePlainObserver(
    std::FILE* out, std::string directory, bool colours,
    std::chrono::milliseconds progress_interval = std::chrono::seconds(5));

// One JSON object per line:
// {"event":"replica","time":...,"replica":"worker-1","state":"running",...}; events are note, job,
// replica, progress, log and result.
std::unique_ptr<JobObserver> MakeJsonObserver(std::FILE* out);

}  // namespace trainyard::cli

// The three ways `trainyard run` shows jobs under way.
//
// Each is owned by the command and used from one thread. They write to the given stdio streams,
// which are borrowed; a stream that fails (a closed pipe) is not written to any more and does not
// end the jobs.
#pragma once

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "local/job_queue.h"
#include "local/runner.h"
#include "local/state/job_view.h"

namespace trainyard::cli {

// A RunObserver that also has the last word.
class JobObserver : public local::RunObserver {
 public:
  virtual void OnEnd(const local::RunOutcome& outcome) = 0;
  // The job could not be started, or its guardian was killed; the command says so by itself.
  virtual void OnError(const Status& status) = 0;
};

// A block of lines on a terminal, redrawn in place; log lines scroll by above it.
std::unique_ptr<JobObserver> MakeLiveObserver(std::FILE* out, std::string directory);

struct PlainStyle {
  std::string job{};        // before each line, when there are several jobs
  std::string directory{};  // paths are shown relative to it
  bool colours = false;
  std::chrono::milliseconds progress_interval = std::chrono::seconds(5);
};

// A line for each change, and one with the progress every few seconds.
std::unique_ptr<JobObserver> MakePlainObserver(std::FILE* out, PlainStyle style);

// One JSON object per line:
// {"event":"replica","time":...,"job":"digits","replica":"worker-1","state":"running",...}; events
// are note, job, replica, progress, event, log and result.
std::unique_ptr<JobObserver> MakeJsonObserver(std::FILE* out, std::string job);

}  // namespace trainyard::cli

// A job's state as text: for a screen that is redrawn, for a log of plain lines, for programs.
//
// Pure and thread-safe.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "cli/terminal.h"
#include "local/job_queue.h"
#include "local/runner.h"
#include "local/state/job_view.h"

namespace trainyard::cli {

// "1:05", "2:00:07".
std::string FormatElapsed(std::chrono::milliseconds elapsed);

// The last true condition in one word of lower case: created, running, ..., or stopping.
std::string JobState(const local::JobView& view);

// `step 520/1200, loss 0.123, accuracy 98.10 %, 35.2 steps/s`; empty if nothing is known.
std::string FormatProgress(const local::Progress& progress);

// What became of a replica: `running (pid 12)`, `failed (exit code 7)`, `restarting (killed by
// signal 9)`.
std::string FormatReplicaState(const local::ReplicaInfo& replica);

// The whole job in a few lines: one with a progress bar, one for each replica as far as there are
// rows.
std::vector<std::string> FormatBlock(const local::JobView& view, ScreenSize screen, bool colours);

// Several jobs at once: a line with the counts, one for each running job as far as there are rows.
std::vector<std::string> FormatQueueBlock(const std::vector<const local::JobView*>& running,
                                          const local::QueueCounts& counts,
                                          std::chrono::milliseconds elapsed, ScreenSize screen,
                                          bool colours);

// `2 running, 1 queued, 4 succeeded`; what is zero is left out.
std::string FormatCounts(const local::QueueCounts& counts);

// Appends each of the lines as `[worker-1] line`, each replica in a colour of its own;
// `[digits/worker-1] line` if a job is named. The last line's end may be missing.
void AppendPrefixed(std::string_view job, const job::ReplicaId& id, std::string_view lines,
                    bool colours, std::string* out);

// `warning: worker-1: message`.
std::string FormatWarning(const job::Event& event);

// How one job of several ended, in one line: `succeeded after 0:05, accuracy 98.10 %`.
std::string FormatEnd(const local::RunOutcome& outcome);

// How to start a job that is suspended.
std::string FormatSuspended(std::string_view job_name);

// Several lines for the end: how the job went, how good it became, where everything lies. Paths are
// shown relative to `directory` where they lie below it.
std::string FormatSummary(const local::RunOutcome& outcome, std::string_view directory);

// For the end of a failed job: which replica, its exit code, its log and the last lines of it.
std::string FormatFailure(const local::RunOutcome& outcome, std::string_view directory);

// `path` relative to `directory` if it lies below it.
std::string ShortPath(std::string_view path, std::string_view directory);

}  // namespace trainyard::cli

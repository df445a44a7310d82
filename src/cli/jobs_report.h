// Jobs as `trainyard jobs` and `describe` show them, wherever they run.
//
// A JobDescription is what a source knows of one job: local_source.h fills it from the records of
// this machine, cluster/cluster_source.h from the API server. Plain values; the functions are pure
// and thread-safe.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "job/replica.h"
#include "job/status.h"
#include "local/state/progress.h"

namespace trainyard::cli {

struct ReplicaLine {
  std::string name{};  // "worker-1"
  std::string state{};
  int restarts = 0;
  std::optional<int> exit_code{};  // of the last instance that ended
  pid_t pid = 0;                   // 0: no process, or none of this machine
  bool is_running = false;
  std::string place{};                                       // the node, on a cluster
  std::optional<std::chrono::system_clock::duration> age{};  // of the instance, on a cluster
  std::string last_line{};
};

struct EventLine {
  job::TimePoint time{};
  bool is_warning = false;
  std::string reason{};
  std::string message{};
  std::string replica{};  // empty: about the job
};

struct JobDescription {
  std::string name{};
  std::string name_space{};
  std::string state{};       // "Running", "Queued", "Interrupted", ...
  std::string state_note{};  // what that means and what can be done, if it is not plain
  std::string place{};       // work directory
  std::string file{};        // where the job came from
  std::vector<std::string> overrides{};
  pid_t runner = 0;  // the process that runs it; 0: none
  job::TimePoint created{};
  job::JobStatus status{};
  std::vector<ReplicaLine> replicas{};
  local::Progress progress{};

  // Only for `describe`.
  std::vector<std::pair<std::string, std::string>> spec{};  // name and value, in order
  std::vector<EventLine> events{};                          // oldest first

  int num_running() const;
  int num_restarts() const;
};

// As kubectl shows ages: 45s, 3m10s, 5h12m, 3d4h, 120d.
std::string FormatAge(std::chrono::system_clock::duration age);

// Columns two blanks apart, without blanks at line ends.
std::string FormatTable(std::span<const std::vector<std::string>> rows);

// NAME STATE REPLICAS RESTARTS PROGRESS AGE WORKDIR; wide adds CREATED, PROCESS and FILE. Paths are
// relative to `directory` where they lie below it.
std::string FormatJobs(std::span<const JobDescription> jobs, bool wide, job::TimePoint now,
                       std::string_view directory);

// {"items": [...]}, an object for each job; describe's is one such object with events.
std::string FormatJobsJson(std::span<const JobDescription> jobs);
std::string FormatDescriptionJson(const JobDescription& job);

// A name on each line, once.
std::string FormatJobNames(std::span<const JobDescription> jobs);

// Everything, as kubectl describe.
std::string FormatDescription(const JobDescription& job, job::TimePoint now,
                              std::string_view directory);

}  // namespace trainyard::cli

// A running job as a person wants to see it, and who wants to see it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "job/event.h"
#include "job/replica.h"
#include "job/status.h"
#include "local/state/progress.h"

namespace trainyard::local {

struct ReplicaInfo {
  job::ReplicaId id{};
  std::string state{};  // waiting, starting, running, stopping, stopped, succeeded, failed,
                        // restarting
  pid_t pid = 0;        // 0 if no process
  int restarts = 0;
  int exit_code = 0;       // of the last instance that ended
  bool has_ended = false;  // some instance of it
  Progress progress{};
  std::string message{};  // the program's own, else its last line of output
  std::string log_path{};
};

struct JobView {
  std::string name{};
  std::string workdir{};
  std::chrono::milliseconds elapsed{0};
  job::JobStatus status{};
  std::vector<ReplicaInfo> replicas{};
  Progress progress{};  // of the job as a whole
  bool is_queued = false;
  bool is_interrupted = false;
};

// The job's progress from its replicas': the furthest step; loss and speed of the chief, else of
// the furthest worker; the newest evaluation of anybody. Pure.
Progress CombineProgress(const std::vector<ReplicaInfo>& replicas);

// Gets told by RunJob(), on its thread. Exceptions must not leave these methods.
class RunObserver {
 public:
  virtual ~RunObserver() = default;
  // Whenever something may have changed, and several times a second.
  virtual void OnUpdate(const JobView& view) = 0;
  // Each line a replica prints, in order, without its end.
  virtual void OnLog(const job::ReplicaId& id, std::string_view line) = 0;
  // The same many at a time, each with its end: for observers that must be fast. Calls OnLog for
  // each unless overridden.
  virtual void OnLogLines(const job::ReplicaId& id, std::string_view lines);
  // What will be different from the cluster, once, before the start; and what a person should know
  // besides, such as that an earlier run is gone on with.
  virtual void OnNote(std::string_view note) = 0;
  // What has happened to the job or to a replica, once for each fact.
  virtual void OnEvent(const job::Event& event) = 0;
};

}  // namespace trainyard::local

// What is kept of a local job from one command to the next, and its text, WORKDIR/.trainyard/
// status.json (docs/contracts/workdir.md).
//
// Plain values; the functions are pure and thread-safe.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "job/status.h"
#include "local/launch/launch_options.h"
#include "local/state/job_view.h"

namespace trainyard::local {

// kQueued --> kActive --> kEnded      Succeeded, Failed or Suspended, as the conditions say
//    |           |
//    +-----------+------> kStopped    by Ctrl-C or from another terminal; can be gone on with
//
// A record that says kQueued or kActive while its runner is gone is of a killed run.
enum class Stage { kQueued, kActive, kStopped, kEnded };

// What a run was asked to do, enough to go on with it later.
struct Submission {
  std::string file{};       // absolute; empty if the job was given on the command line
  std::string directory{};  // where replicas start
  std::vector<std::string> overrides{};
  std::vector<ImageMapping> images{};
  std::map<std::string, std::string> volumes{};
  LogLimits logs{};
  bool enforce_limits = true;

  friend bool operator==(const Submission&, const Submission&) = default;
};

// A process that cannot be mistaken for a later one of the same number.
struct ProcessIdentity {
  pid_t pid = 0;
  uint64_t start_ticks = 0;  // since boot, as in /proc/PID/stat

  friend bool operator==(const ProcessIdentity&, const ProcessIdentity&) = default;
};

struct JobRecord {
  std::string name{};
  std::string name_space = "default";
  Stage stage = Stage::kQueued;
  job::TimePoint submitted_at{};  // the first time, if it was gone on with
  job::TimePoint updated_at{};
  ProcessIdentity runner{};
  std::string stop_reason{};  // kStopped: in words
  std::optional<int> ttl_seconds_after_finished{};
  Submission submission{};
  job::JobStatus status{};              // with Plan()'s memory
  std::vector<ReplicaInfo> replicas{};  // as last seen; log paths are not kept
  Progress progress{};
};

// JSON for people and programs. Bytes that are no UTF-8 are replaced.
std::string FormatJobRecord(const JobRecord& record);

// DataLoss `FILE is damaged: why` if the text is no JSON object with a name. What a newer version
// added is passed over, what an older one lacked has its default.
Result<JobRecord> ParseJobRecord(std::string_view text, std::string_view file_name);

// One line of .trainyard/events.jsonl.
struct HistoryEvent {
  job::TimePoint time{};
  bool is_warning = false;
  std::string reason{};
  std::string message{};
  std::string replica{};  // "worker-1"; empty: about the job

  friend bool operator==(const HistoryEvent&, const HistoryEvent&) = default;
};

std::string FormatHistoryEvent(const HistoryEvent& event);  // without the line's end
std::optional<HistoryEvent> ParseHistoryEvent(std::string_view line);

std::string_view StageName(Stage stage);

// "worker-1" in parts; nullopt for another word.
std::optional<job::ReplicaId> ParseReplicaName(std::string_view name);

}  // namespace trainyard::local

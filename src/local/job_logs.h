// The output of a local job's replicas, read by somebody else than its runner.
//
//   JobLogs logs(workdir, {.tail = 10});
//   while (!is_over) { logs.Poll(print); Wait(); }
//
// Follows rotated files and restarts, and finds replicas whose log is not there yet.
// Thread-compatible.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "job/replica.h"
#include "local/logs/line_reader.h"

namespace trainyard::local {

struct LogOptions {
  std::optional<job::ReplicaId> replica{};  // only this one
  std::optional<size_t> tail{};  // of what is there at the first Poll(), only the last lines
  bool previous = false;         // only the instance before the last restart; nothing is followed
};

class JobLogs {
 public:
  using TakeLine = std::function<void(const job::ReplicaId& id, std::string_view line)>;

  JobLogs(std::string workdir, LogOptions options)
      : workdir_(std::move(workdir)), options_(std::move(options)) {}

  // Which replicas have a log, in the order in which they are started.
  std::vector<job::ReplicaId> Replicas() const;

  // Gives every line that has come since the last call, replica by replica; Trainyard's own lines
  // in the logs are among them.
  void Poll(const TakeLine& take);

  // Gives what stands after the last line ends: nothing more will come.
  void Flush(const TakeLine& take);

 private:
  void ReadFirst(const job::ReplicaId& id, const TakeLine& take);

  const std::string workdir_;
  const LogOptions options_;
  std::map<job::ReplicaId, std::unique_ptr<LineReader>> readers_;
};

// The lines of the instance before the last: what stands between the last two lines that begin an
// instance; empty if there was only one. Pure.
std::vector<std::string> PreviousInstance(const std::vector<std::string>& lines);

}  // namespace trainyard::local

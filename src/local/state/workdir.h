// The directory of a local run: results of the replicas, their logs and progress, the job's record,
// and a lock. docs/contracts/workdir.md describes it for other programs.
//
//   <workdir>/logs/worker-1.log        output of every instance of a replica, appended
//   <workdir>/progress/worker-1.jsonl  docs/contracts/progress.md
//   <workdir>/.trainyard/              the record (store.h), and `lock`, held by the running job
//   <workdir>/...                      whatever the replicas write below $TRAINYARD_OUT
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/status.h"
#include "job/replica.h"
#include "local/state/job_record.h"

namespace trainyard::local {

// Owns the lock. Movable; thread-compatible.
class Workdir {
 public:
  // Makes the directories and takes the lock. FailedPrecondition if another run holds it, with its
  // process id; or why the directory cannot be written.
  static Result<Workdir> Open(const std::string& path);

  Workdir(Workdir&& other) noexcept;
  Workdir& operator=(Workdir&&) = delete;
  ~Workdir();

  const std::string& path() const { return path_; }  // absolute
  // The lock ends when the last copy of this file descriptor is closed: a guardian that has one
  // keeps it until the last replica has ended.
  int lock_fd() const { return lock_fd_; }
  std::string LogPath(const job::ReplicaId& id) const;
  std::string ProgressPath(const job::ReplicaId& id) const;

 private:
  Workdir(std::string path, int lock_fd) : path_(std::move(path)), lock_fd_(lock_fd) {}

  std::string path_;
  int lock_fd_;
};

// The path as Open() makes it: absolute, without "..", "." or a slash at the end.
Result<std::string> AbsoluteWorkdir(const std::string& path);

std::string LogDirectory(const std::string& workdir);

// Who holds the lock of a work directory, found out without taking it: nullopt if nobody does. The
// number is that of the process that took it, which may be gone while its guardian still ends the
// replicas.
std::optional<pid_t> LockHolder(const std::string& workdir);

// The caller, and whether a process is the very one that was recorded.
ProcessIdentity ThisProcess();
bool IsAlive(const ProcessIdentity& process);

}  // namespace trainyard::local

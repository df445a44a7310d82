// The directory of a local run: results of the replicas, their logs and progress, and a lock.
//
//   <workdir>/logs/worker-1.log        output of every instance of a replica, appended
//   <workdir>/progress/worker-1.jsonl  docs/contracts/progress.md
//   <workdir>/.trainyard.lock          held by the running job
//   <workdir>/...                      whatever the replicas write below $TRAINYARD_OUT
#pragma once

#include <string>

#include "base/status.h"
#include "job/replica.h"

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
  int lock_fd() const { return lock_fd_; }
  std::string LogPath(const job::ReplicaId& id) const;
  std::string ProgressPath(const job::ReplicaId& id) const;

 private:
  Workdir(std::string path, int lock_fd) : path_(std::move(path)), lock_fd_(lock_fd) {}

  std::string path_;
  int lock_fd_;
};

}  // namespace trainyard::local

#include "local/workdir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <utility>

#include "base/files.h"

namespace trainyard::local {
namespace {

Result<int> TakeLock(const std::string& directory) {
  const std::string path = JoinPath(directory, ".trainyard.lock");
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return ErrnoError(errno, "cannot open the lock {}", path);
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    close(fd);
    if (error != EWOULDBLOCK) return ErrnoError(error, "cannot lock {}", path);
    const std::string holder = ReadFile(path).value_or("");
    return FailedPreconditionError(
        "cannot run in {}: another run{} is using it; wait for it, stop it, or choose another "
        "--workdir",
        directory, holder.empty() ? "" : " (process " + holder + ")");
  }
  const std::string pid = std::to_string(getpid());
  if (ftruncate(fd, 0) != 0 ||
      write(fd, pid.data(), pid.size()) != static_cast<ssize_t>(pid.size())) {
    const int error = errno;
    close(fd);
    return ErrnoError(error, "cannot write the lock {}", path);
  }
  return fd;
}

}  // namespace

Result<Workdir> Workdir::Open(const std::string& path) {
  std::error_code error;
  const std::string absolute = std::filesystem::absolute(path, error).lexically_normal().string();
  if (error) return InvalidArgumentError("cannot use {}: {}", path, error.message());
  Status made = MakeDirectories(JoinPath(absolute, "logs"));
  if (made.ok()) made = MakeDirectories(JoinPath(absolute, "progress"));
  if (!made.ok()) {
    return made.WithContext(fmt::format("cannot use the work directory {}", absolute));
  }
  // Also shows whether the directory can be written.
  ASSIGN_OR_RETURN(const int lock, TakeLock(absolute));
  return Workdir(absolute, lock);
}

Workdir::Workdir(Workdir&& other) noexcept
    : path_(std::move(other.path_)), lock_fd_(std::exchange(other.lock_fd_, -1)) {}

Workdir::~Workdir() {
  if (lock_fd_ >= 0) close(lock_fd_);
}

std::string Workdir::LogPath(const job::ReplicaId& id) const {
  return JoinPath(path_, "logs/" + id.Name() + ".log");
}

std::string Workdir::ProgressPath(const job::ReplicaId& id) const {
  return JoinPath(path_, "progress/" + id.Name() + ".jsonl");
}

}  // namespace trainyard::local

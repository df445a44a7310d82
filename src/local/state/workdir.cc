#include "local/state/workdir.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <utility>

#include "base/files.h"

namespace trainyard::local {
namespace {

std::string LockPath(const std::string& workdir) { return JoinPath(workdir, ".trainyard/lock"); }

// A lock of the open file itself: inherited with the descriptor, and others can ask for it.
struct flock WholeFile() {
  struct flock lock{};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

pid_t PidIn(int fd) {
  char text[32];
  const ssize_t size = pread(fd, text, sizeof(text), 0);
  pid_t pid = 0;
  if (size > 0) std::from_chars(text, text + size, pid);
  return pid;
}

// Whether the path still leads to the open file, or has been removed (and made anew) meanwhile.
bool IsStillAt(const std::string& path, int fd) {
  struct stat open_file{};
  struct stat file{};
  return fstat(fd, &open_file) == 0 && stat(path.c_str(), &file) == 0 &&
         open_file.st_ino == file.st_ino && open_file.st_dev == file.st_dev;
}

Status Lock(const std::string& directory, const std::string& path, int fd) {
  struct flock lock = WholeFile();
  if (fcntl(fd, F_OFD_SETLK, &lock) != 0) {
    if (errno != EAGAIN && errno != EACCES) return ErrnoError(errno, "cannot lock {}", path);
    const pid_t holder = PidIn(fd);
    return FailedPreconditionError(
        "cannot run in {}: another run{} is using it; wait for it, stop it, or choose another "
        "--workdir",
        directory, holder == 0 ? "" : fmt::format(" (process {})", holder));
  }
  const std::string pid = fmt::format("{}\n", getpid());
  if (ftruncate(fd, 0) != 0 ||
      pwrite(fd, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return ErrnoError(errno, "cannot write the lock {}", path);
  }
  return OkStatus();
}

Result<int> TakeLock(const std::string& directory) {
  const std::string path = LockPath(directory);
  while (true) {
    const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) return ErrnoError(errno, "cannot open the lock {}", path);
    const Status locked = Lock(directory, path, fd);
    if (locked.ok() && IsStillAt(path, fd)) return fd;
    close(fd);
    RETURN_IF_ERROR(locked);
  }
}

// Field 22 of /proc/PID/stat; 0 if there is no such process, or only its remains.
uint64_t StartTicks(pid_t pid) {
  const std::string stat = ReadFile(fmt::format("/proc/{}/stat", pid)).value_or("");
  const size_t bracket = stat.rfind(')');
  if (bracket == std::string::npos || bracket + 2 >= stat.size()) return 0;
  std::string_view rest = std::string_view(stat).substr(bracket + 2);
  if (rest.starts_with('Z') || rest.starts_with('X')) return 0;
  for (int field = 3; field < 22; ++field) {
    const size_t blank = rest.find(' ');
    if (blank == std::string_view::npos) return 0;
    rest.remove_prefix(blank + 1);
  }
  uint64_t ticks = 0;
  std::from_chars(rest.data(), rest.data() + rest.size(), ticks);
  return ticks;
}

}  // namespace

Result<std::string> AbsoluteWorkdir(const std::string& path) {
  std::error_code error;
  std::string absolute = std::filesystem::absolute(path, error).lexically_normal().string();
  if (error) return InvalidArgumentError("cannot use {}: {}", path, error.message());
  while (absolute.size() > 1 && absolute.ends_with('/')) absolute.pop_back();
  return absolute;
}

Result<Workdir> Workdir::Open(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string absolute, AbsoluteWorkdir(path));
  for (const char* part : {"logs", "progress", ".trainyard"}) {
    const Status made = MakeDirectories(JoinPath(absolute, part));
    if (!made.ok()) {
      return made.WithContext(fmt::format("cannot use the work directory {}", absolute));
    }
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
  return JoinPath(LogDirectory(path_), id.Name() + ".log");
}

std::string Workdir::ProgressPath(const job::ReplicaId& id) const {
  return JoinPath(path_, "progress/" + id.Name() + ".jsonl");
}

std::string LogDirectory(const std::string& workdir) { return JoinPath(workdir, "logs"); }

std::optional<pid_t> LockHolder(const std::string& workdir) {
  const int fd = open(LockPath(workdir).c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  struct flock lock = WholeFile();
  const bool is_held = fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
  const pid_t holder = PidIn(fd);
  close(fd);
  return is_held ? std::optional(holder) : std::nullopt;
}

ProcessIdentity ThisProcess() { return {getpid(), StartTicks(getpid())}; }

bool IsAlive(const ProcessIdentity& process) {
  return process.pid > 0 && process.start_ticks != 0 &&
         StartTicks(process.pid) == process.start_ticks;
}

}  // namespace trainyard::local

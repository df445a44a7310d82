#include "local/logs/log_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <utility>

#include "base/files.h"

namespace trainyard::local {
namespace {

// Deletes the file unless a reader has locked it; false if one has.
bool RemoveUnlessHeld(const std::string& path, bool heeds_readers) {
  const int fd = heeds_readers ? open(path.c_str(), O_RDONLY | O_CLOEXEC) : -1;
  const bool is_held = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  if (!is_held) unlink(path.c_str());
  if (fd >= 0) close(fd);
  return !is_held;
}

}  // namespace

int PruneLog(const std::string& path, int max_files, bool heeds_readers) {
  int count = 0;
  max_files = std::max(max_files, 1);
  while (PathExists(RotatedPath(path, count + 1))) ++count;
  while (count >= max_files && RemoveUnlessHeld(RotatedPath(path, count), heeds_readers)) --count;
  return count;
}

LogFile::LogFile(std::string path, LogLimits limits) : path_(std::move(path)), limits_(limits) {
  Open();
}

LogFile::~LogFile() {
  if (fd_ < 0) return;
  if (dropped_bytes_ > 0) Append("");  // the last chance to say so
  close(fd_);
}

LogFile::LogFile(LogFile&& other) noexcept
    : path_(std::move(other.path_)),
      limits_(other.limits_),
      fd_(std::exchange(other.fd_, -1)),
      heeds_readers_(other.heeds_readers_),
      position_(other.position_),
      dropped_bytes_(std::exchange(other.dropped_bytes_, 0)),
      drop_error_(other.drop_error_) {}

bool LogFile::Open() {
  if (fd_ >= 0) return true;
  fd_ = open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  struct stat info{};
  if (fd_ < 0 || fstat(fd_, &info) != 0) return false;
  position_ = {info.st_size, info.st_size};
  // An earlier run may have been cut off in the midst of a line.
  char last = '\n';
  if (info.st_size > 0 && pread(fd_, &last, 1, info.st_size - 1) == 1 && last != '\n') {
    --position_.line_start;
  }
  return true;
}

size_t LogFile::Write(std::string_view output) {
  int64_t limit = limits_.max_bytes;
  size_t taken = 0;
  while (taken < output.size()) {
    const std::string_view rest = output.substr(taken);
    // Without a file there is nothing to rotate; Append() counts the loss.
    const LogCut cut = PlanLogCut(position_, rest, Open() ? limit : 0);
    if (cut.bytes > 0) Append(rest.substr(0, cut.bytes));
    taken += cut.bytes;
    if (!cut.rotate) continue;
    const Rotation rotation = Rotate();
    if (rotation == Rotation::kHeld) break;
    if (rotation == Rotation::kFailed) limit = 0;
  }
  return taken;
}

void LogFile::Mark(std::string_view text) {
  const std::string line = MarkedLine(text);
  Append(position_.line_start == position_.size ? line : "\n" + line);
}

std::string LogFile::MarkedLine(std::string_view text) const {
  std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  char stamp[32];
  std::strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%S", &local);
  return fmt::format("{}{} {}\n", kLogMarker, stamp, text);
}

LogFile::Rotation LogFile::Rotate() {
  const int count = PruneLog(path_, limits_.max_files, heeds_readers_);
  if (count >= std::max(limits_.max_files, 1)) return Rotation::kHeld;
  // Oldest first: a reader relies on this order.
  for (int number = count; number >= 0; --number) {
    const std::string from = RotatedPath(path_, number);
    if (rename(from.c_str(), RotatedPath(path_, number + 1).c_str()) != 0) return Rotation::kFailed;
  }
  close(std::exchange(fd_, -1));
  position_ = {};
  Open();
  PruneLog(path_, limits_.max_files, heeds_readers_);
  return Rotation::kDone;
}

void LogFile::Append(std::string_view bytes) {
  if (dropped_bytes_ > 0 && Open()) {
    std::string notice = MarkedLine(fmt::format("{} bytes of output were lost here: {}",
                                                dropped_bytes_, std::strerror(drop_error_)));
    if (position_.line_start != position_.size) notice.insert(0, "\n");
    if (WriteSome(notice) == notice.size()) dropped_bytes_ = 0;
  }
  const size_t written = dropped_bytes_ > 0 ? 0 : WriteSome(bytes);
  dropped_bytes_ += static_cast<int64_t>(bytes.size() - written);
}

// How much the file system has accepted; keeps the position.
size_t LogFile::WriteSome(std::string_view bytes) {
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count = Open() ? write(fd_, bytes.data() + done, bytes.size() - done) : -1;
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      drop_error_ = errno;
      break;
    }
    done += static_cast<size_t>(count);
  }
  const size_t last_end = bytes.substr(0, done).rfind('\n');
  if (last_end != std::string_view::npos) {
    position_.line_start = position_.size + static_cast<int64_t>(last_end) + 1;
  }
  position_.size += static_cast<int64_t>(done);
  return done;
}

}  // namespace trainyard::local

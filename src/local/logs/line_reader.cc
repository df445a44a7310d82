#include "local/logs/line_reader.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "base/files.h"
#include "local/logs/log_rotation.h"

namespace trainyard::local {
namespace {

constexpr size_t kMaxLine = size_t{1} << 20;
constexpr size_t kChunk = size_t{1} << 17;  // on the stack
// Renames by a writer can get in the way; this often in a row they do not.
constexpr int kAttempts = 100;

bool IsSameFile(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

}  // namespace

void ForEachLine(std::string_view lines, const std::function<void(std::string_view)>& take) {
  while (!lines.empty()) {
    const size_t end = lines.find('\n');
    take(lines.substr(0, end));
    if (end == std::string_view::npos) return;
    lines.remove_prefix(end + 1);
  }
}

LineReader::~LineReader() {
  if (fd_ >= 0) close(fd_);
}

bool LineReader::Open() {
  if (fd_ >= 0) return true;
  const int create = mode_ == Mode::kEveryLine ? O_CREAT : 0;
  fd_ = open(path_.c_str(), O_RDONLY | O_CLOEXEC | create, 0644);
  Hold(fd_);
  return fd_ >= 0;
}

// The lock that LogFile looks for before it deletes a file.
void LineReader::Hold(int fd) const {
  if (fd >= 0 && mode_ == Mode::kEveryLine) flock(fd, LOCK_SH | LOCK_NB);
}

void LineReader::SkipToEnd() {
  partial_.clear();
  if (Open()) lseek(fd_, 0, SEEK_END);
}

void LineReader::StartAtOldest() {
  for (int attempt = 0; attempt < kAttempts && fd_ < 0; ++attempt) {
    int number = 0;
    while (PathExists(RotatedPath(path_, number + 1))) ++number;
    fd_ = open(RotatedPath(path_, number).c_str(), O_RDONLY | O_CLOEXEC);
    if (fd_ < 0 && number == 0) return;  // not there yet
  }
  Hold(fd_);
}

bool LineReader::PollBlocks(const std::function<void(std::string_view)>& take, size_t max_bytes) {
  if (!Open()) return false;
  char chunk[kChunk];
  for (size_t total = 0; total < max_bytes;) {
    const ssize_t count = read(fd_, chunk, sizeof(chunk));
    if (count < 0 || (count == 0 && !Advance(take))) return false;
    total += static_cast<size_t>(count);
    Split(std::string_view(chunk, static_cast<size_t>(count)), take);
  }
  return true;
}

void LineReader::Split(std::string_view bytes, const std::function<void(std::string_view)>& take) {
  if (!partial_.empty()) {
    const size_t end = bytes.find('\n');
    partial_ += bytes.substr(0, end);
    bytes.remove_prefix(std::min(end, bytes.size()));
    if (end != std::string_view::npos) {
      bytes.remove_prefix(1);
      GivePartial(take);
    }
  }
  const size_t whole = bytes.rfind('\n') + 1;  // npos + 1 is 0
  if (whole > 0) take(bytes.substr(0, whole));
  partial_ += bytes.substr(whole);
  if (partial_.size() >= kMaxLine) GivePartial(take);
}

void LineReader::GivePartial(const std::function<void(std::string_view)>& take) {
  partial_ += '\n';
  take(partial_);
  partial_.clear();
}

// At the end of the file in hand: whether there is more to read, in it or in the next one.
bool LineReader::Advance(const std::function<void(std::string_view)>& take) {
  if (!is_whole_) {
    struct stat own{};
    struct stat named{};
    if (fstat(fd_, &own) != 0 || stat(path_.c_str(), &named) != 0 || IsSameFile(own, named)) {
      return false;
    }
    is_whole_ = true;
    return true;  // what was written between our reading and its renaming
  }
  const int next = OpenNext();
  if (next < 0) return false;
  if (FindNumber() < 0 && !partial_.empty()) GivePartial(take);  // its end is lost
  close(std::exchange(fd_, next));
  is_whole_ = false;
  return true;
}

// How often the file in hand has been rotated; -1 if it has been deleted.
int LineReader::FindNumber() const {
  struct stat own{};
  struct stat named{};
  if (fstat(fd_, &own) != 0) return -1;
  // While files are being renamed one number may be missing.
  int missing = 0;
  for (int number = 0; missing < 2; ++number) {
    if (stat(RotatedPath(path_, number).c_str(), &named) != 0) {
      ++missing;
    } else if (IsSameFile(own, named)) {
      return number;
    }
  }
  return -1;
}

// The file that was written after the one in hand; -1 if it is not there yet.
int LineReader::OpenNext() const {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const int own = FindNumber();
    int number = own - 1;
    if (own < 0) {
      number = 0;
      while (PathExists(RotatedPath(path_, number + 1))) ++number;
    }
    const int next = open(RotatedPath(path_, number).c_str(), O_RDONLY | O_CLOEXEC);
    if (next < 0) return -1;
    Hold(next);
    // The older of two files is renamed first: if ours still has its number, so had the next one.
    if (FindNumber() == own) return next;
    close(next);
  }
  return -1;
}

bool LineReader::Poll(const std::function<void(std::string_view)>& take, size_t max_bytes) {
  return PollBlocks([&](std::string_view lines) { ForEachLine(lines, take); }, max_bytes);
}

void LineReader::Flush(const std::function<void(std::string_view)>& take) {
  if (partial_.empty()) return;
  const std::string line = std::exchange(partial_, {});
  take(line);
}

}  // namespace trainyard::local

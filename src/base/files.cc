#include "base/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

namespace trainyard {
namespace fs = std::filesystem;
namespace {

// Closes on every path out; a failed close of a written file is reported by Close().
class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return fd_; }
  int Close() { return ::close(std::exchange(fd_, -1)); }

 private:
  int fd_;
};

Status WriteAll(int fd, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return ErrnoError(errno, "cannot write {}", path);
    }
    content.remove_prefix(static_cast<size_t>(written));
  }
  return OkStatus();
}

}  // namespace

Result<std::string> ReadFile(const std::string& path) {
  FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return ErrnoError(errno, "cannot open {}", path);
  struct stat info{};
  std::string content;
  if (::fstat(file.get(), &info) == 0 && info.st_size > 0) {
    content.reserve(static_cast<size_t>(info.st_size));
  }
  constexpr size_t kChunkBytes = 1 << 16;
  while (true) {
    const size_t old_size = content.size();
    content.resize(std::max(old_size + kChunkBytes, content.capacity()));
    const ssize_t count = ::read(file.get(), content.data() + old_size, content.size() - old_size);
    content.resize(old_size + static_cast<size_t>(std::max<ssize_t>(count, 0)));
    if (count == 0) return content;
    if (count < 0 && errno != EINTR) return ErrnoError(errno, "cannot read {}", path);
  }
}

Status WriteFileAtomically(const std::string& path, std::string_view content, bool sync) {
  const std::string temporary = fmt::format("{}.tmp.{}", path, ::getpid());
  const Status written = [&]() -> Status {
    FileDescriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (file.get() < 0) return ErrnoError(errno, "cannot create {}", temporary);
    RETURN_IF_ERROR(WriteAll(file.get(), content, temporary));
    if (sync && ::fsync(file.get()) != 0) return ErrnoError(errno, "cannot sync {}", temporary);
    if (file.Close() != 0) return ErrnoError(errno, "cannot close {}", temporary);
    return RenamePath(temporary, path);
  }();
  if (!written.ok()) ::unlink(temporary.c_str());
  return written;
}

Status MakeDirectories(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return ErrnoError(error.value(), "cannot create directory {}", path);
  if (!IsDirectory(path)) return ErrnoError(ENOTDIR, "cannot create directory {}", path);
  return OkStatus();
}

bool PathExists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

bool IsDirectory(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

Status CheckWritableDirectory(const std::string& path) {
  const std::string probe = JoinPath(path, fmt::format(".probe.{}", ::getpid()));
  FileDescriptor file(::open(probe.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  if (file.get() < 0) return ErrnoError(errno, "cannot write in directory {}", path);
  ::unlink(probe.c_str());
  return OkStatus();
}

Result<std::vector<std::string>> ListDirectory(const std::string& path) {
  std::error_code error;
  fs::directory_iterator entries(path, error);
  if (error) return ErrnoError(error.value(), "cannot list {}", path);
  std::vector<std::string> names;
  while (entries != fs::directory_iterator()) {
    names.push_back(entries->path().filename().string());
    entries.increment(error);
    if (error) return ErrnoError(error.value(), "cannot list {}", path);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Status RemoveRecursively(const std::string& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) return ErrnoError(error.value(), "cannot remove {}", path);
  return OkStatus();
}

Status RenamePath(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) {
    return ErrnoError(errno, "cannot rename {} to {}", from, to);
  }
  return OkStatus();
}

std::string JoinPath(std::string_view directory, std::string_view name) {
  return (fs::path(directory) / fs::path(name)).string();
}

std::string NormalPath(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else if (!part.empty() && part != ".") {
      parts.push_back(part);
    }
  }
  std::string result;
  for (const std::string_view part : parts) result.append("/").append(part);
  return result.empty() ? "/" : result;
}

TemporaryDirectory::TemporaryDirectory() {
  std::string pattern = (fs::temp_directory_path() / "trainyard.XXXXXX").string();
  CHECK(::mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;  // a destructor has nobody to tell
  fs::remove_all(path_, ignored);
}

}  // namespace trainyard

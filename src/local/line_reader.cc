#include "local/line_reader.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstring>
#include <utility>
#include <vector>

namespace trainyard::local {
namespace {

constexpr size_t kMaxLine = 1 << 20;
constexpr size_t kChunk = 1 << 18;

}  // namespace

LineReader::~LineReader() {
  if (fd_ >= 0) close(fd_);
}

bool LineReader::Open() {
  if (fd_ < 0) fd_ = open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  return fd_ >= 0;
}

void LineReader::SkipToEnd() {
  partial_.clear();
  if (Open()) lseek(fd_, 0, SEEK_END);
}

bool LineReader::Poll(const std::function<void(std::string_view)>& take, size_t max_bytes) {
  if (!Open()) return false;
  std::vector<char> chunk(kChunk);
  for (size_t total = 0; total < max_bytes;) {
    const ssize_t count = read(fd_, chunk.data(), chunk.size());
    if (count <= 0) return false;
    total += static_cast<size_t>(count);
    std::string_view rest(chunk.data(), static_cast<size_t>(count));
    while (!rest.empty()) {
      const size_t end = rest.find('\n');
      if (end == std::string_view::npos) {
        partial_ += rest;
        if (partial_.size() >= kMaxLine) Flush(take);
        break;
      }
      if (partial_.empty()) {
        take(rest.substr(0, end));
      } else {
        partial_ += rest.substr(0, end);
        Flush(take);
      }
      rest = rest.substr(end + 1);
    }
  }
  return true;
}

void LineReader::Flush(const std::function<void(std::string_view)>& take) {
  if (partial_.empty()) return;
  const std::string line = std::exchange(partial_, {});
  take(line);
}

}  // namespace trainyard::local

#include "local/logs/output_pump.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace trainyard::local {

OutputPump::~OutputPump() {
  if (pipe_ >= 0) close(pipe_);
}

// How many bytes were read; 0 if there are none, or none may be read now.
size_t OutputPump::MoveSome(std::span<char> buffer) {
  if (!held_.empty()) held_.erase(0, log_.Write(held_));
  if (pipe_ < 0 || !held_.empty()) return 0;
  const ssize_t count = read(pipe_, buffer.data(), buffer.size());
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
  if (count <= 0) {
    close(std::exchange(pipe_, -1));
    return 0;
  }
  const std::string_view output(buffer.data(), static_cast<size_t>(count));
  held_ = output.substr(log_.Write(output));
  return output.size();
}

void OutputPump::Pump(std::span<char> buffer) { MoveSome(buffer); }

void OutputPump::SetLast() {
  int count = 0;
  if (pipe_ >= 0 && ioctl(pipe_, FIONREAD, &count) == 0) last_bytes_ = static_cast<size_t>(count);
}

bool OutputPump::Drain(std::span<char> buffer) {
  size_t moved = 0;
  do {
    moved = MoveSome(buffer.first(std::min(std::max<size_t>(last_bytes_, 1), buffer.size())));
    last_bytes_ -= std::min(moved, last_bytes_);
  } while (moved > 0 && last_bytes_ > 0);
  return !is_held();
}

Result<OutputPipe> MakeOutputPipe() {
  constexpr int kPipeBytes = 1 << 18;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return ErrnoError(errno, "cannot make a pipe for the output");
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  fcntl(ends[0], F_SETPIPE_SZ, kPipeBytes);  // a smaller one is only slower
  return OutputPipe{ends[0], ends[1]};
}

}  // namespace trainyard::local

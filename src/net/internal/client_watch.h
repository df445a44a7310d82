// Whether the client of a connection is still there, asked of the kernel without reading.
#pragma once

#include <poll.h>

#include <atomic>

namespace trainyard::net {

// Thread-safe. For one request; the descriptor outlives it.
class ClientWatch {
 public:
  explicit ClientWatch(int fd) : fd_(fd) {}

  bool IsGone() {
    pollfd state{.fd = fd_, .events = POLLRDHUP};
    if (poll(&state, 1, 0) <= 0) {
      is_first_ = false;
      return false;
    }
    if ((state.revents & (POLLERR | POLLHUP)) != 0) return true;
    if (is_first_.exchange(false)) said_no_more_ = true;  // along with the request
    return !said_no_more_;
  }

 private:
  const int fd_;
  std::atomic<bool> is_first_{true};
  std::atomic<bool> said_no_more_{false};
};

}  // namespace trainyard::net

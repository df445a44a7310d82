// TCP with a deadline for everything.
//
// Functions that wait return DeadlineExceeded when the deadline has passed, Unavailable when the
// other side has gone. A Socket is thread-compatible.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <utility>

#include "base/status.h"

namespace trainyard::collective {

using Deadline = std::chrono::steady_clock::time_point;

class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket();
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }

  int fd() const { return fd_; }

  Status Send(std::span<const char> bytes, Deadline deadline) const;
  Status Receive(std::span<char> bytes, Deadline deadline) const;
  // The next connection to a listening socket.
  Result<Socket> Accept(Deadline deadline) const;

 private:
  int fd_ = -1;
};

// "host:port" in its parts; InvalidArgument otherwise.
Result<std::pair<std::string, std::string>> SplitAddress(const std::string& address);

// Listens at the address; at every address of this machine if the host's is not this machine's own,
// as that of a Service may be.
Result<Socket> Listen(const std::string& address);
// One attempt.
Result<Socket> Connect(const std::string& address, Deadline deadline);

}  // namespace trainyard::collective

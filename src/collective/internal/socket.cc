#include "collective/internal/socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

namespace trainyard::collective {
namespace {

constexpr int kBacklog = 1024;

using Addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

Result<Addresses> Resolve(const std::string& address, int flags) {
  ASSIGN_OR_RETURN(const auto parts, SplitAddress(address));
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(parts.first.c_str(), parts.second.c_str(), &hints, &found);
  if (error == 0) return Addresses(found, freeaddrinfo);
  return UnavailableError("cannot find host {}: {}", parts.first, gai_strerror(error));
}

// Until there is something to read (POLLIN) or room to write (POLLOUT).
Status WaitFor(int fd, short events, Deadline deadline) {
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd waiting{.fd = fd, .events = events, .revents = 0};
    const auto wait = std::clamp<int64_t>(left.count(), 0, 60'000);
    const int ready = poll(&waiting, 1, static_cast<int>(wait));
    if (ready > 0) return OkStatus();
    if (ready < 0 && errno != EINTR) return UnavailableError("poll: {}", std::strerror(errno));
    if (left.count() <= 0) return DeadlineExceededError("no answer in time");
  }
}

Result<Socket> Open(const addrinfo& at) {
  Socket socket(::socket(at.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.fd() < 0) return UnavailableError("cannot make a socket: {}", std::strerror(errno));
  const int on = 1;
  setsockopt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

Status Bind(const Socket& socket, const sockaddr* address, socklen_t size) {
  const int on = 1;
  setsockopt(socket.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(socket.fd(), address, size) == 0 && listen(socket.fd(), kBacklog) == 0) {
    return OkStatus();
  }
  const StatusCode code =
      errno == EADDRNOTAVAIL ? StatusCode::kNotFound : StatusCode::kFailedPrecondition;
  return Status(code, std::strerror(errno));
}

}  // namespace

Socket::~Socket() {
  if (fd_ >= 0) close(fd_);
}

Status Socket::Send(std::span<const char> bytes, Deadline deadline) const {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes = bytes.subspan(static_cast<size_t>(sent));
    } else if (errno == EAGAIN) {
      RETURN_IF_ERROR(WaitFor(fd_, POLLOUT, deadline));
    } else if (errno != EINTR) {
      return UnavailableError("the connection is lost: {}", std::strerror(errno));
    }
  }
  return OkStatus();
}

Status Socket::Receive(std::span<char> bytes, Deadline deadline) const {
  while (!bytes.empty()) {
    const ssize_t got = recv(fd_, bytes.data(), bytes.size(), 0);
    if (got > 0) {
      bytes = bytes.subspan(static_cast<size_t>(got));
    } else if (got == 0) {
      return UnavailableError("the connection is lost: closed by the other side");
    } else if (errno == EAGAIN) {
      RETURN_IF_ERROR(WaitFor(fd_, POLLIN, deadline));
    } else if (errno != EINTR) {
      return UnavailableError("the connection is lost: {}", std::strerror(errno));
    }
  }
  return OkStatus();
}

Result<Socket> Socket::Accept(Deadline deadline) const {
  while (true) {
    Socket accepted(accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (accepted.fd() >= 0) return accepted;
    if (errno == EAGAIN) {
      RETURN_IF_ERROR(WaitFor(fd_, POLLIN, deadline));
    } else if (errno != EINTR && errno != ECONNABORTED) {
      return UnavailableError("cannot accept a connection: {}", std::strerror(errno));
    }
  }
}

Result<std::pair<std::string, std::string>> SplitAddress(const std::string& address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == address.size()) {
    return InvalidArgumentError("{} is no address: host:port is expected", address);
  }
  std::string host = address.substr(0, colon);
  if (host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return std::pair(std::move(host), address.substr(colon + 1));
}

Result<Socket> Listen(const std::string& address) {
  const std::string attempt = fmt::format("cannot listen at {}", address);
  auto found = Resolve(address, 0);
  if (!found.ok()) return found.error().WithContext(attempt);
  auto socket = Open(**found);
  if (!socket.ok()) return socket.error().WithContext(attempt);
  Status status = Bind(*socket, (*found)->ai_addr, (*found)->ai_addrlen);
  if (status.code() == StatusCode::kNotFound) {
    sockaddr_storage any{};
    std::memcpy(&any, (*found)->ai_addr, (*found)->ai_addrlen);
    if (any.ss_family == AF_INET) {
      reinterpret_cast<sockaddr_in*>(&any)->sin_addr.s_addr = INADDR_ANY;
    } else {
      reinterpret_cast<sockaddr_in6*>(&any)->sin6_addr = in6addr_any;
    }
    status = Bind(*socket, reinterpret_cast<sockaddr*>(&any), (*found)->ai_addrlen);
  }
  if (!status.ok()) return status.WithContext(attempt);
  return socket;
}

Result<Socket> Connect(const std::string& address, Deadline deadline) {
  const std::string attempt = fmt::format("cannot connect to {}", address);
  auto found = Resolve(address, 0);
  if (!found.ok()) return found.error().WithContext(attempt);
  auto socket = Open(**found);
  if (!socket.ok()) return socket.error().WithContext(attempt);
  if (connect(socket->fd(), (*found)->ai_addr, (*found)->ai_addrlen) != 0) {
    if (errno != EINPROGRESS) {
      return UnavailableError("{}: {}", attempt, std::strerror(errno));
    }
    RETURN_IF_ERROR(WaitFor(socket->fd(), POLLOUT, deadline).WithContext(attempt));
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(socket->fd(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return UnavailableError("{}: {}", attempt, std::strerror(error));
  }
  return socket;
}

}  // namespace trainyard::collective

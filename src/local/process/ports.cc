#include "local/process/ports.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace trainyard::local {
namespace {

struct Reserved {
  int socket;
  int port;
};

Result<Reserved> ReserveOne() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return ErrnoError(errno, "cannot make a socket to reserve a port");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  // Bound without the flags, so that the kernel looks for a port nobody has; the flags afterwards
  // let the replica's own socket share it.
  const int on = 1;
  if (bind(fd, generic, size) != 0 || getsockname(fd, generic, &size) != 0 ||
      setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
      setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0) {
    const int error = errno;
    close(fd);
    return ErrnoError(error, "cannot reserve a port on 127.0.0.1");
  }
  return Reserved{fd, ntohs(address.sin_port)};
}

}  // namespace

Result<PortReservation> PortReservation::Create(int count) {
  PortReservation reservation;
  for (int i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(const Reserved one, ReserveOne());
    reservation.sockets_.push_back(one.socket);
    reservation.ports_.push_back(one.port);
  }
  return reservation;
}

PortReservation::PortReservation(PortReservation&& other) noexcept
    : sockets_(std::exchange(other.sockets_, {})), ports_(std::exchange(other.ports_, {})) {}

PortReservation& PortReservation::operator=(PortReservation&& other) noexcept {
  if (this != &other) {
    Release();
    sockets_ = std::exchange(other.sockets_, {});
    ports_ = std::exchange(other.ports_, {});
  }
  return *this;
}

PortReservation::~PortReservation() { Release(); }

void PortReservation::Release() {
  for (const int fd : sockets_) close(fd);
  sockets_.clear();
  ports_.clear();
}

}  // namespace trainyard::local

// Ports for the servers of tests.
#pragma once

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <string>

#include "base/status.h"

namespace trainyard {

// A port of 127.0.0.1 that nobody listens at. Bound as long as this process lives, so that no other
// test gets it meanwhile; a server that sets SO_REUSEADDR or SO_REUSEPORT may bind it all the same.
inline int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  CHECK(bind(fd, generic, size) == 0 && getsockname(fd, generic, &size) == 0);
  const int on = 1;
  for (const int option : {SO_REUSEADDR, SO_REUSEPORT}) {
    CHECK(setsockopt(fd, SOL_SOCKET, option, &on, sizeof on) == 0);
  }
  return ntohs(address.sin_port);
}

inline std::string FreeAddress() { return fmt::format("127.0.0.1:{}", FreePort()); }

}  // namespace trainyard

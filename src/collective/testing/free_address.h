// Where a group of a test can meet.
#pragma once

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <string>

#include "collective/internal/socket.h"

namespace trainyard::collective::testing {

// An address of this machine that nobody listens at.
inline std::string FreeAddress() {
  const Socket socket = Listen("127.0.0.1:0").value();
  sockaddr_in address{};
  socklen_t size = sizeof address;
  getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&address), &size);
  return fmt::format("127.0.0.1:{}", ntohs(address.sin_port));
}

}  // namespace trainyard::collective::testing

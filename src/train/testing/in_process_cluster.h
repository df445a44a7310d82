// A cluster of TensorFlow servers in this process, for tests.
#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "base/status.h"
#include "tf/server.h"
#include "tf/session.h"

namespace trainyard::train::testing {

// A port that was free a moment ago.
inline int FreePort() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  CHECK(::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0);
  CHECK(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  ::close(fd);
  return ntohs(address.sin_port);
}

// Two parameter servers and a chief, all on 127.0.0.1. Started servers live as long as the process,
// and so do their variables: tests give theirs names of their own.
inline const std::string& ChiefTarget() {
  static const std::string target = [] {
    const auto address = [] { return fmt::format("127.0.0.1:{}", FreePort()); };
    tf::ServerOptions options{
        .cluster = {{"ps", {{0, address()}, {1, address()}}}, {"chief", {{0, address()}}}},
        .job = "ps",
        .task = 0,
        .config = {}};
    CHECK(tf::Server::Start(options).ok());
    options.task = 1;
    CHECK(tf::Server::Start(options).ok());
    options.job = "chief";
    options.task = 0;
    return tf::Server::Start(options).value().target();
  }();
  return target;
}

// The number of a round of synchronous updates, newer than all before: what counts the rounds lives
// in the servers, too, and takes no gradient of an older one.
inline int64_t NextRound() {
  static int64_t round = 0;
  return round++;
}

}  // namespace trainyard::train::testing

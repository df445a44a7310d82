// A cluster of TensorFlow servers in this process, for tests.
#pragma once

#include <string>

#include "base/status.h"
#include "base/testing/free_port.h"
#include "tf/server.h"
#include "tf/session.h"

namespace trainyard::train::testing {

// Two parameter servers and a chief, all on 127.0.0.1. Started servers live as long as the process,
// and so do their variables: tests give theirs names of their own.
inline const std::string& ChiefTarget() {
  static const std::string target = [] {
    tf::ServerOptions options{.cluster = {{"ps", {{0, FreeAddress()}, {1, FreeAddress()}}},
                                          {"chief", {{0, FreeAddress()}}}},
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

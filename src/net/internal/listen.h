// Sockets that listen.
#pragma once

#include <string>

#include "base/status.h"

namespace trainyard::net {

struct Listener {
  int fd = -1;   // does not block; the caller closes it
  int port = 0;  // 0 for a unix socket
};

// "127.0.0.1:8080", "[::1]:0", ":8080" (every address) or "unix:/path". A unix socket's file is
// made anew, for its owner alone. InvalidArgument for an address that is none; AlreadyExists if
// somebody listens there.
Result<Listener> Listen(const std::string& address);

}  // namespace trainyard::net

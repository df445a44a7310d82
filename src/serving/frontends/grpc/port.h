// Addresses to listen on.
#pragma once

#include <string>

namespace trainyard::serving {

// "host:port", with brackets around an IPv6 address.
std::string JoinHostPort(const std::string& host, int port);

// gRPC does not say why it could not listen; this tries the same with a plain socket and gives the
// system's reason, "" if there is none. To be called after a failure only.
std::string WhyPortIsRefused(const std::string& host, int port);

// The same for a unix socket.
std::string WhySocketIsRefused(const std::string& path);

}  // namespace trainyard::serving

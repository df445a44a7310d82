// The parts of a URL that a connection needs. Plain values; thread-compatible.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace trainyard::net {

struct Url {
  std::string scheme{};  // as written, in small letters: "https"
  std::string host{};    // without the brackets of an IPv6 address
  int port = 0;          // the scheme's own if none is given
  std::string target{};  // "/path?query", never empty

  // "host:port" as in a Host header: brackets for IPv6, no port where it is the scheme's own.
  std::string Authority() const;
  bool is_tls() const { return scheme == "https" || scheme == "wss"; }
};

// Knows http, https, ws and wss. InvalidArgument for everything else, for user names in the URL,
// and for characters that do not belong into one. Messages leave out the query, as it may hold
// secrets.
Result<Url> ParseUrl(std::string_view text);

// The URL up to its query, for messages.
std::string_view WithoutQuery(std::string_view url);

// An IPv4 or IPv6 address rather than a name.
bool IsIpAddress(const std::string& host);

}  // namespace trainyard::net

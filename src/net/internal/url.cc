#include "net/internal/url.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace trainyard::net {
namespace {

int DefaultPort(std::string_view scheme) {
  if (scheme == "https" || scheme == "wss") return 443;
  if (scheme == "http" || scheme == "ws") return 80;
  return 0;
}

bool IsUrlCharacter(char c) { return c > ' ' && c < 127; }

Status BadUrl(std::string_view url, std::string_view reason) {
  return InvalidArgumentError("not a URL: \"{}\": {}", WithoutQuery(url), reason);
}

}  // namespace

std::string Url::Authority() const {
  std::string out = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != DefaultPort(scheme)) out += ":" + std::to_string(port);
  return out;
}

std::string_view WithoutQuery(std::string_view url) { return url.substr(0, url.find('?')); }

bool IsIpAddress(const std::string& host) {
  unsigned char address[sizeof(in6_addr)];
  return inet_pton(AF_INET, host.c_str(), address) == 1 ||
         inet_pton(AF_INET6, host.c_str(), address) == 1;
}

Result<Url> ParseUrl(std::string_view text) {
  if (!std::all_of(text.begin(), text.end(), IsUrlCharacter)) {
    return InvalidArgumentError("not a URL: it has characters that must be percent-encoded");
  }
  Url url;
  const size_t colon = text.find("://");
  if (colon == std::string_view::npos) return BadUrl(text, "no scheme");
  url.scheme = text.substr(0, colon);
  url.port = DefaultPort(url.scheme);
  if (url.port == 0) return BadUrl(text, "the scheme is none of http, https, ws, wss");

  const std::string_view rest = text.substr(colon + 3);
  const size_t end = std::min(rest.find_first_of("/?#"), rest.size());
  std::string_view authority = rest.substr(0, end);
  url.target = rest.substr(end, rest.find('#') - end);
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  if (authority.find('@') != std::string_view::npos) {
    return InvalidArgumentError("not a URL: user names in URLs are not supported");
  }

  std::string_view port;
  if (authority.starts_with('[')) {
    const size_t close = authority.find(']');
    if (close == std::string_view::npos) return BadUrl(text, "no ]");
    url.host = authority.substr(1, close - 1);
    port = authority.substr(close + 1);
    if (!IsIpAddress(url.host)) return BadUrl(text, "no IPv6 address in [ ]");
    if (!port.empty() && port[0] != ':') return BadUrl(text, "text after ]");
  } else {
    url.host = authority.substr(0, authority.find(':'));
    port = authority.substr(url.host.size());
  }
  if (url.host.empty()) return BadUrl(text, "no host");
  if (port.size() > 1) {
    port.remove_prefix(1);
    const auto [last, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
    if (error != std::errc() || last != port.data() + port.size() || url.port < 1 ||
        url.port > 65535) {
      return BadUrl(text, "the port is no number from 1 to 65535");
    }
  }
  return url;
}

}  // namespace trainyard::net

#include "net/internal/listen.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

namespace trainyard::net {
namespace {

constexpr int kBacklog = 4096;  // the kernel cuts it to net.core.somaxconn

// An address of any family, as the kernel wants it.
struct Endpoint {
  sockaddr_storage address{};
  socklen_t size = 0;
  bool is_any_v6 = false;
};

template <class T>
Endpoint MakeEndpoint(const T& address) {
  Endpoint endpoint{.size = sizeof address};
  std::memcpy(&endpoint.address, &address, sizeof address);
  return endpoint;
}

Endpoint AnyV4(uint16_t port) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  return MakeEndpoint(v4);
}

Result<Endpoint> ParseAddress(std::string_view address) {
  const Status bad = InvalidArgumentError(
      "not an address to listen on: \"{}\" (like 127.0.0.1:8080, [::1]:0, :8080 or unix:/path)",
      address);
  const size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) return bad;
  const std::string_view port_text = address.substr(colon + 1);
  uint16_t port = 0;
  const char* const end = port_text.data() + port_text.size();
  const auto [parsed, error] = std::from_chars(port_text.data(), end, port);
  if (port_text.empty() || error != std::errc() || parsed != end) return bad;
  std::string host(address.substr(0, colon));
  const bool is_any = host.empty();
  const bool has_brackets = !is_any && host.front() == '[' && host.back() == ']';
  if (has_brackets) host = host.substr(1, host.size() - 2);
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  if (is_any || (has_brackets && inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1)) {
    Endpoint endpoint = MakeEndpoint(v6);
    endpoint.is_any_v6 = is_any;
    return endpoint;
  }
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  if (has_brackets || inet_pton(AF_INET, host.c_str(), &v4.sin_addr) != 1) return bad;
  return MakeEndpoint(v4);
}

Result<Endpoint> ParseUnixPath(const std::string& path) {
  sockaddr_un unix{};
  unix.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof unix.sun_path) {
    return InvalidArgumentError("not a path for a unix socket (1 to {} bytes): \"{}\"",
                                sizeof unix.sun_path - 1, path);
  }
  std::memcpy(unix.sun_path, path.data(), path.size());
  return MakeEndpoint(unix);
}

int OpenSocket(int family) { return socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); }

// 0, or the errno of what failed.
int BindAndListen(int fd, const Endpoint& endpoint) {
  const int on = 1;
  const int off = 0;
  if (endpoint.address.ss_family != AF_UNIX) {
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  }
  if (endpoint.is_any_v6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  const auto* const address = reinterpret_cast<const sockaddr*>(&endpoint.address);
  if (bind(fd, address, endpoint.size) != 0 || listen(fd, kBacklog) != 0) return errno;
  return 0;
}

// Whether a file is a socket that nobody answers on any more.
bool IsLeftOver(const std::string& path, const Endpoint& endpoint) {
  struct stat info{};
  if (lstat(path.c_str(), &info) != 0 || !S_ISSOCK(info.st_mode)) return false;
  const int fd = OpenSocket(AF_UNIX);
  if (fd < 0) return false;
  const auto* const address = reinterpret_cast<const sockaddr*>(&endpoint.address);
  const bool is_dead = connect(fd, address, endpoint.size) != 0 && errno == ECONNREFUSED;
  close(fd);
  return is_dead;
}

int PortOf(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  if (address.ss_family == AF_INET) {
    return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
  }
  if (address.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port);
  }
  return 0;
}

}  // namespace

Result<Listener> Listen(const std::string& address) {
  constexpr std::string_view kUnix = "unix:";
  const bool is_unix = address.starts_with(kUnix);
  const std::string path = is_unix ? address.substr(kUnix.size()) : "";
  Endpoint endpoint;
  if (is_unix) {
    ASSIGN_OR_RETURN(endpoint, ParseUnixPath(path));
    if (IsLeftOver(path, endpoint)) unlink(path.c_str());
  } else {
    ASSIGN_OR_RETURN(endpoint, ParseAddress(address));
  }
  int fd = OpenSocket(endpoint.address.ss_family);
  if (fd < 0 && endpoint.is_any_v6) {  // a machine without IPv6
    endpoint = AnyV4(ntohs(reinterpret_cast<const sockaddr_in6*>(&endpoint.address)->sin6_port));
    fd = OpenSocket(AF_INET);
  }
  if (fd < 0) return ErrnoError(errno, "cannot listen on {}", address);
  const int error = BindAndListen(fd, endpoint);
  if (error == 0 && is_unix) chmod(path.c_str(), S_IRUSR | S_IWUSR);
  if (error == 0) return Listener{.fd = fd, .port = PortOf(fd)};
  close(fd);
  if (error == EADDRINUSE) {
    return AlreadyExistsError("cannot listen on {}: {}", address,
                              is_unix ? "the file is in use" : "the port is in use");
  }
  return ErrnoError(error, "cannot listen on {}", address);
}

}  // namespace trainyard::net

#include "tf/internal/loopback_bind.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstring>

namespace {

std::atomic<bool> g_loopback_only{false};

int SystemBind(int fd, const void* address, socklen_t length) {
  return static_cast<int>(::syscall(SYS_bind, fd, address, length));
}

}  // namespace

// Seen by all shared libraries of the program (cmake/program.map exports it).
extern "C" __attribute__((visibility("default"))) int bind(int fd, const sockaddr* address,
                                                           socklen_t length) noexcept {
  if (!g_loopback_only.load() || address == nullptr) return SystemBind(fd, address, length);
  if (address->sa_family == AF_INET && length >= sizeof(sockaddr_in)) {
    sockaddr_in changed;
    std::memcpy(&changed, address, sizeof(changed));
    if (changed.sin_addr.s_addr == htonl(INADDR_ANY)) {
      changed.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      return SystemBind(fd, &changed, sizeof(changed));
    }
  }
  if (address->sa_family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
    sockaddr_in6 changed;
    std::memcpy(&changed, address, sizeof(changed));
    if (std::memcmp(&changed.sin6_addr, &in6addr_any, sizeof(in6addr_any)) == 0) {
      // A socket for both protocols: the IPv4 loopback address, as IPv6 writes it
      // (::ffff:127.0.0.1).
      const uint8_t loopback[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1};
      std::memcpy(&changed.sin6_addr, loopback, sizeof(loopback));
      return SystemBind(fd, &changed, sizeof(changed));
    }
  }
  return SystemBind(fd, address, length);
}

namespace trainyard::tf::internal {

LoopbackBindScope::LoopbackBindScope() { g_loopback_only.store(true); }
LoopbackBindScope::~LoopbackBindScope() { g_loopback_only.store(false); }

}  // namespace trainyard::tf::internal

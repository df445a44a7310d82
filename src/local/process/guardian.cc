#include "local/process/guardian.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "local/process/guardian_loop.h"

namespace trainyard::local {
namespace {

constexpr const char* kArgument = "--trainyard-guardian";
constexpr int kSocketFd = 3;
constexpr int kHeldFd = 4;

// In the child of a fork: async-signal-safe calls only.
[[noreturn]] void BecomeGuardian(char* const* argv, int socket, int held, int null) {
  setsid();
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  // First out of the way of the numbers they are to have.
  const int high_socket = fcntl(socket, F_DUPFD, 64);
  const int high_held = held < 0 ? -1 : fcntl(held, F_DUPFD, 64);
  const int high_null = fcntl(null, F_DUPFD, 64);
  if (high_socket < 0 || high_null < 0) _exit(127);
  for (int fd = 0; fd <= 2; ++fd) dup2(high_null, fd);
  dup2(high_socket, kSocketFd);
  if (high_held >= 0) dup2(high_held, kHeldFd);
  close_range(high_held >= 0 ? kHeldFd + 1 : kHeldFd, ~0U, 0);
  execv("/proc/self/exe", argv);
  _exit(127);
}

}  // namespace

std::optional<int> RunGuardianIfAsked(int argc, char** argv) {
  if (argc != 2 || std::strcmp(argv[1], kArgument) != 0) return std::nullopt;
  fcntl(kSocketFd, F_SETFD, FD_CLOEXEC);
  fcntl(kHeldFd, F_SETFD, FD_CLOEXEC);
  return GuardianLoop(kSocketFd).Run();
}

Result<std::unique_ptr<Guardian>> Guardian::Create(const std::string& title, int held_fd) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return ErrnoError(errno, "cannot make a socket for the guardian process");
  }
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  std::string name = title;
  std::string argument = kArgument;
  char* argv[] = {name.data(), argument.data(), nullptr};
  const pid_t pid = null < 0 ? -1 : fork();
  if (pid == 0) BecomeGuardian(argv, ends[1], held_fd, null);
  const int error = errno;
  close(ends[1]);
  if (null >= 0) close(null);
  if (pid < 0) {
    close(ends[0]);
    return ErrnoError(error, "cannot start the guardian process");
  }
  return std::unique_ptr<Guardian>(new Guardian(ends[0], pid));
}

Guardian::~Guardian() {
  shutdown(channel_.fd(), SHUT_RDWR);
  // It ends by itself; the wait only avoids a zombie, and gives up if the kernel holds a replica.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(15);
  while (waitpid(pid_, nullptr, WNOHANG) == 0 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

}  // namespace trainyard::local

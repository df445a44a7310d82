#include "cli/interrupts.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace trainyard::cli {
namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};

// A signal handler has no other way to its pipe.
volatile std::sig_atomic_t write_end = -1;

void OnSignal(int) {
  const int saved = errno;
  [[maybe_unused]] const ssize_t written = write(write_end, "!", 1);
  errno = saved;
}

}  // namespace

Result<std::unique_ptr<Interrupts>> Interrupts::Create() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
    return ErrnoError(errno, "cannot make a pipe for signals");
  }
  write_end = ends[1];
  std::unique_ptr<Interrupts> interrupts(new Interrupts(ends[0]));
  for (size_t i = 0; i < std::size(kSignals); ++i) {
    struct sigaction action{};
    action.sa_handler = kSignals[i] == SIGPIPE ? SIG_IGN : OnSignal;
    action.sa_flags = SA_RESTART;
    sigaction(kSignals[i], &action, &interrupts->before_[i]);
  }
  return interrupts;
}

Interrupts::~Interrupts() {
  for (size_t i = 0; i < std::size(kSignals); ++i) sigaction(kSignals[i], &before_[i], nullptr);
  close(write_end);
  write_end = -1;
  close(read_end_);
}

}  // namespace trainyard::cli

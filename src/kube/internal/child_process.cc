#include "kube/internal/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

extern char** environ;  // NOLINT: POSIX wants it declared here

namespace trainyard::kube {
namespace {

using Clock = std::chrono::steady_clock;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { Close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

// Owns what posix_spawn() is told.
class SpawnPlan {
 public:
  SpawnPlan(bool has_stdin, int output) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    if (!has_stdin) posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, output, 1);
    // Not the signals that our threads block, nor those that we ignore.
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes_, &none);
    sigset_t all;
    sigfillset(&all);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    int flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    // A group of its own can be killed whole; but only our group may read from the terminal.
    if (!has_stdin) flags |= POSIX_SPAWN_SETPGROUP;
    posix_spawnattr_setflags(&attributes_, static_cast<short>(flags));
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

std::vector<std::string> Environment(const ChildProcess& child) {
  std::vector<std::string> lines;
  for (char** line = environ; *line != nullptr; ++line) {
    const std::string_view text(*line);
    const std::string_view name = text.substr(0, text.find('='));
    const bool is_replaced = std::any_of(child.env.begin(), child.env.end(),
                                         [&](const auto& entry) { return entry.first == name; });
    if (!is_replaced) lines.emplace_back(text);
  }
  for (const auto& [name, value] : child.env) lines.push_back(name + "=" + value);
  return lines;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// The process while it runs. Killed, if it is still there, and reaped by the destructor.
class RunningChild {
 public:
  RunningChild(pid_t pid, bool has_group) : pid_(pid), has_group_(has_group) {}
  ~RunningChild() {
    if (is_reaped_) return;
    kill(has_group_ ? -pid_ : pid_, SIGKILL);
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  RunningChild(const RunningChild&) = delete;
  RunningChild& operator=(const RunningChild&) = delete;

  bool HasEnded() {
    int status = 0;
    const pid_t ended = waitpid(pid_, &status, WNOHANG);
    if (ended == 0 || (ended < 0 && errno == EINTR)) return false;
    is_reaped_ = true;
    // ended < 0: this process ignores SIGCHLD, so that nobody learns the exit code.
    if (ended > 0) exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return true;
  }
  int exit_code() const { return exit_code_; }

 private:
  const pid_t pid_;
  const bool has_group_;
  bool is_reaped_ = false;
  int exit_code_ = 0;
};

// Appends what is there now. False at the end of the output.
bool ReadAvailable(int fd, std::string* text) {
  char buffer[16384];
  while (true) {
    const ssize_t count = read(fd, buffer, sizeof buffer);
    if (count > 0) {
      text->append(buffer, static_cast<size_t>(count));
      return true;
    }
    if (count == 0) return false;
    if (errno != EINTR) return errno == EAGAIN;
  }
}

Result<ChildOutput> Collect(const ChildProcess& child, RunningChild* process, Descriptor* output) {
  ChildOutput result;
  const Clock::time_point end = Clock::now() + child.deadline;
  int patience = 1;  // ms until the next look at whether it has ended
  while (true) {
    pollfd wait{.fd = output->get(), .events = POLLIN, .revents = 0};  // -1: only the time
    const int ready = poll(&wait, 1, patience);
    if (ready > 0 && !ReadAvailable(output->get(), &result.text)) {
      output->Close();
      patience = 1;
    }
    if (result.text.size() > child.max_output_bytes) {
      return ResourceExhaustedError("\"{}\" printed more than {} bytes", child.command,
                                    child.max_output_bytes);
    }
    if (Clock::now() >= end) {
      return DeadlineExceededError("\"{}\" did not end within {} s", child.command,
                                   std::chrono::duration<double>(child.deadline).count());
    }
    if (ready > 0 && output->get() >= 0) continue;
    // Its output may be open in a process that it left behind, or closed before its end.
    if (process->HasEnded()) {
      while (output->get() >= 0) {
        const size_t before = result.text.size();
        if (!ReadAvailable(output->get(), &result.text) || result.text.size() == before) break;
        if (result.text.size() > child.max_output_bytes) break;
      }
      result.exit_code = process->exit_code();
      return result;
    }
    patience = std::min(patience * 2, 50);
  }
}

}  // namespace

Result<ChildOutput> RunChild(const ChildProcess& child) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return ErrnoError(errno, "cannot make a pipe");
  Descriptor output(ends[0]);
  Descriptor input(ends[1]);
  fcntl(output.get(), F_SETFL, O_NONBLOCK);

  std::vector<std::string> words = {child.command};
  words.insert(words.end(), child.args.begin(), child.args.end());
  std::vector<std::string> environment = Environment(child);
  const SpawnPlan plan(child.has_stdin, input.get());
  pid_t pid = 0;
  const int error = posix_spawnp(&pid, child.command.c_str(), plan.actions(), plan.attributes(),
                                 Pointers(words).data(), Pointers(environment).data());
  if (error != 0) return ErrnoError(error, "cannot run \"{}\"", child.command);
  RunningChild process(pid, !child.has_stdin);
  input.Close();
  return Collect(child, &process, &output);
}

}  // namespace trainyard::kube

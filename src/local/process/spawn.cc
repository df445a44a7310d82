#include "local/process/spawn.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace trainyard::local {
namespace {

// Where the child got stuck, sent through the pipe with errno.
enum class Stage : int { kDirectory, kGroup, kExec, kOther };

struct Failure {
  Stage stage;
  int error;
};

std::vector<char*> Pointers(const std::vector<std::string>& values) {
  std::vector<char*> pointers;
  for (const std::string& value : values) pointers.push_back(const_cast<char*>(value.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

[[noreturn]] void Give(int pipe, Stage stage) {
  const Failure failure{stage, errno};
  // If this write fails too the parent sees an end without a word, which it also handles.
  [[maybe_unused]] const ssize_t written = write(pipe, &failure, sizeof(failure));
  _exit(127);
}

bool Enter(const char* group) {
  const int file = open(group, O_WRONLY | O_CLOEXEC);
  return file >= 0 && write(file, "0", 1) == 1;  // 0: whoever writes
}

// In the child: nothing here may allocate or lock.
[[noreturn]] void BecomeProgram(const SpawnRequest& request, char* const* argv, char* const* env,
                                int null, int pipe, pid_t parent) {
  setsid();
  for (int signal_number = 1; signal_number < NSIG; ++signal_number) {
    signal(signal_number, SIG_DFL);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  // A parent that died before this call will never send the signal.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) Give(pipe, Stage::kOther);
  for (const std::string& group : request.groups) {
    if (!Enter(group.c_str())) Give(pipe, Stage::kGroup);
  }
  if (dup2(null, 0) < 0 || dup2(request.output, 1) < 0 || dup2(request.output, 2) < 0) {
    Give(pipe, Stage::kOther);
  }
  close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  if (chdir(request.directory.c_str()) != 0) Give(pipe, Stage::kDirectory);
  execve(request.program.c_str(), argv, env);
  Give(pipe, Stage::kExec);
}

Status Explain(const SpawnRequest& request, const Failure& failure) {
  switch (failure.stage) {
    case Stage::kDirectory:
      return ErrnoError(failure.error, "cannot start {} in {}", request.program, request.directory);
    case Stage::kGroup:
      return ErrnoError(failure.error, "cannot start {} in its control group", request.program);
    case Stage::kExec:
    case Stage::kOther:
      break;
  }
  return ErrnoError(failure.error, "cannot start {}", request.program);
}

// A file descriptor that is closed at the end of the scope.
class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return fd_; }
  void Close() { close(std::exchange(fd_, -1)); }

 private:
  int fd_;
};

}  // namespace

Result<pid_t> Spawn(const SpawnRequest& request) {
  const std::vector<char*> argv = Pointers(request.argv);
  const std::vector<char*> env = Pointers(request.env);
  const File null(open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (null.get() < 0) return ErrnoError(errno, "cannot open /dev/null");
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return ErrnoError(errno, "cannot make a pipe");
  const File reader(ends[0]);
  File writer(ends[1]);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) return ErrnoError(errno, "cannot start a process for {}", request.program);
  if (pid == 0) {
    BecomeProgram(request, argv.data(), env.data(), null.get(), writer.get(), parent);
  }
  writer.Close();
  Failure failure{Stage::kOther, ECHILD};
  ssize_t count = 0;
  do {
    count = read(reader.get(), &failure, sizeof(failure));
  } while (count < 0 && errno == EINTR);
  if (count == 0) return pid;  // closed by exec
  waitpid(pid, nullptr, 0);
  return Explain(request, failure);
}

}  // namespace trainyard::local

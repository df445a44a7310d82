#include "local/guardian_loop.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "local/processes.h"
#include "local/spawn.h"

namespace trainyard::local {
namespace {

// What replicas have to save their work when the runner is gone.
constexpr auto kOrphanGrace = std::chrono::seconds(5);
// Longer than any process survives KILL, unless the kernel itself hangs.
constexpr auto kKillPatience = std::chrono::seconds(10);

std::string MarkIn(const std::vector<std::string>& env) {
  const std::string prefix = std::string(kRunVariable) + "=";
  for (const std::string& entry : env) {
    if (entry.starts_with(prefix)) return entry.substr(prefix.size());
  }
  return "";
}

void Pause(int millis) { poll(nullptr, 0, millis); }

// Collects every child that has ended; true if none is left at all.
bool ReapAll() {
  pid_t pid = 0;
  while ((pid = waitpid(-1, nullptr, WNOHANG)) > 0) {
  }
  return pid < 0 && errno == ECHILD;
}

}  // namespace

bool GuardianLoop::Setup() {
  if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) return false;
  sigset_t handled;
  sigemptyset(&handled);
  for (const int signal_number : {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT}) {
    sigaddset(&handled, signal_number);
  }
  sigprocmask(SIG_BLOCK, &handled, nullptr);
  signals_ = signalfd(-1, &handled, SFD_NONBLOCK | SFD_CLOEXEC);
  return signals_ >= 0;
}

int GuardianLoop::Run() {
  if (!Setup()) return 1;
  while (!is_finished_ && !channel_.at_end()) {
    pollfd ready[] = {{channel_.fd(), POLLIN, 0}, {signals_, POLLIN, 0}};
    if (poll(ready, 2, WaitMillis()) < 0 && errno != EINTR) break;
    signalfd_siginfo info{};
    bool was_told_to_end = false;
    while (read(signals_, &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info))) {
      was_told_to_end = was_told_to_end || info.ssi_signo != SIGCHLD;
    }
    if (was_told_to_end) break;
    // The dead first: their places may be filled again by the messages.
    ReapChildren();
    for (const Message& message : channel_.Receive()) Handle(message);
    KillOverdue();
  }
  EndEverything(is_finished_ ? std::chrono::seconds(0) : Clock::duration(kOrphanGrace));
  if (is_finished_) (void)channel_.Send({.kind = Message::Kind::kFinished});
  return 0;
}

void GuardianLoop::Handle(const Message& message) {
  switch (message.kind) {
    case Message::Kind::kSpawn:
      Spawn(message);
      break;
    case Message::Kind::kStop:
      SignalGroup(message.id, SIGTERM);
      for (auto& [pid, child] : children_) {
        if (child.id != message.id || child.kill_at) continue;
        child.kill_at = Clock::now() + std::chrono::milliseconds(message.number);
      }
      break;
    case Message::Kind::kKill:
      SignalGroup(message.id, SIGKILL);
      break;
    case Message::Kind::kFinish:
      is_finished_ = true;
      break;
    default:
      break;
  }
}

void GuardianLoop::Spawn(const Message& message) {
  const Result<pid_t> pid = local::Spawn({.program = message.program,
                                          .argv = message.argv,
                                          .env = message.env,
                                          .directory = message.directory,
                                          .log_path = message.log_path});
  Message answer{.kind = Message::Kind::kStarted, .id = message.id};
  if (pid.ok()) {
    answer.number = *pid;
    children_[*pid] = {message.id, MarkIn(message.env), std::nullopt};
  } else {
    answer.kind = Message::Kind::kStartFailed;
    answer.text = pid.status().message();
  }
  (void)channel_.Send(answer);  // a lost runner shows at the next poll
}

void GuardianLoop::SignalGroup(uint64_t id, int signal_number) {
  for (const auto& [pid, child] : children_) {
    if (child.id == id) killpg(pid, signal_number);
  }
}

void GuardianLoop::ReapChildren() {
  while (true) {
    siginfo_t info{};
    // Looked at before it is collected: while the zombie is there its group's number is not reused.
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) return;
    const auto found = children_.find(info.si_pid);
    if (found != children_.end()) killpg(info.si_pid, SIGKILL);
    int status = 0;
    waitpid(info.si_pid, &status, 0);
    if (found == children_.end()) continue;  // an orphan that came to us
    const Child child = found->second;
    children_.erase(found);
    EndLeftovers(child);
    (void)channel_.Send({.kind = Message::Kind::kEnded, .id = child.id, .number = status});
  }
}

// A container's processes end with its first one; so do a replica's, wherever they moved to. Having
// lost their parent they are our own children now.
void GuardianLoop::EndLeftovers(const Child& child) {
  const auto deadline = Clock::now() + kKillPatience;
  while (Clock::now() < deadline) {
    const auto processes = ListProcesses();
    bool found_any = false;
    for (const auto& [pid, info] : processes) {
      if (info.parent != getpid() || info.is_zombie || children_.contains(pid)) continue;
      if (RunMark(pid) != child.mark) continue;
      found_any = true;
      for (const pid_t descendant : Descendants(processes, pid)) kill(descendant, SIGKILL);
      kill(pid, SIGKILL);
    }
    if (!found_any) return;
    Pause(1);
  }
}

void GuardianLoop::KillOverdue() {
  for (auto& [pid, child] : children_) {
    if (!child.kill_at || Clock::now() < *child.kill_at) continue;
    killpg(pid, SIGKILL);
    child.kill_at.reset();
  }
}

int GuardianLoop::WaitMillis() const {
  std::optional<Clock::time_point> next;
  for (const auto& [pid, child] : children_) {
    if (child.kill_at && (!next || *child.kill_at < *next)) next = child.kill_at;
  }
  if (!next) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - Clock::now()).count();
  return static_cast<int>(std::clamp<int64_t>(left, 0, 60'000));
}

void GuardianLoop::EndEverything(Clock::duration grace) {
  if (grace > Clock::duration::zero()) {
    for (const pid_t pid : Descendants(ListProcesses(), getpid())) kill(pid, SIGTERM);
    const auto kill_at = Clock::now() + grace;
    while (Clock::now() < kill_at && !ReapAll()) Pause(5);
  }
  const auto deadline = Clock::now() + kKillPatience;
  while (Clock::now() < deadline && !ReapAll()) {
    for (const pid_t pid : Descendants(ListProcesses(), getpid())) kill(pid, SIGKILL);
    Pause(1);
  }
}

}  // namespace trainyard::local

#include "local/process/guardian_loop.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "local/process/processes.h"
#include "local/process/spawn.h"

namespace trainyard::local {
namespace {

// What replicas have to save their work when the runner is gone.
constexpr auto kOrphanGrace = std::chrono::seconds(5);
// Longer than any process survives KILL, unless the kernel itself hangs.
constexpr auto kKillPatience = std::chrono::seconds(10);
constexpr size_t kBufferBytes = size_t{1} << 18;
// How soon a log that waits for its reader is tried again.
constexpr int kHeldMillis = 5;
constexpr int kEndMillis = 5;

std::string MarkIn(const std::vector<std::string>& env) {
  const std::string prefix = std::string(kRunVariable) + "=";
  for (const std::string& entry : env) {
    if (entry.starts_with(prefix)) return entry.substr(prefix.size());
  }
  return "";
}

void Pause(int millis) { poll(nullptr, 0, millis); }

// Of two time-outs of poll(), where less than 0 is none.
int Sooner(int a, int b) { return a < 0 ? b : std::min(a, b); }

// Collects every child that has ended; true if none is left at all.
bool ReapAll() {
  pid_t pid = 0;
  while ((pid = waitpid(-1, nullptr, WNOHANG)) > 0) {
  }
  return pid < 0 && errno == ECHILD;
}

// A name for a control group; the mark has slashes.
std::string GroupName(const std::string& mark) {
  std::string name = std::string(kGroupPrefix) + mark;
  std::replace(name.begin() + static_cast<std::ptrdiff_t>(kGroupPrefix.size()), name.end(), '/',
               '.');
  return name;
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
  buffer_.resize(kBufferBytes);
  return signals_ >= 0;
}

int GuardianLoop::Run() {
  if (!Setup()) return 1;
  while (!is_finished_ && !channel_.at_end() && !was_told_to_end_) {
    if (!Wait(WaitMillis())) break;
    // The dead first: their places may be filled again by the messages.
    ReapChildren();
    ReportEnded();
    for (const Message& message : channel_.Receive()) Handle(message);
    KillOverdue();
  }
  EndEverything(is_finished_ ? std::chrono::seconds(0) : Clock::duration(kOrphanGrace));
  if (is_finished_) (void)channel_.Send({.kind = Message::Kind::kFinished});
  return 0;
}

// Until something happens or the time is over; moves output meanwhile. False if poll itself fails.
bool GuardianLoop::Wait(int max_millis) {
  std::vector<pollfd> ready = {{signals_, POLLIN, 0}, {is_ending_ ? -1 : channel_.fd(), POLLIN, 0}};
  std::vector<OutputPump*> pumps;
  for (auto& [pid, child] : children_) {
    if (child.output->is_held()) max_millis = Sooner(max_millis, kHeldMillis);
    if (child.output->fd() < 0 && !child.output->is_held()) continue;
    pumps.push_back(child.output.get());
    ready.push_back({child.output->fd(), POLLIN, 0});
  }
  if (!ended_.empty()) max_millis = Sooner(max_millis, kHeldMillis);
  if (poll(ready.data(), ready.size(), max_millis) < 0 && errno != EINTR) return false;
  signalfd_siginfo info{};
  while (read(signals_, &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info))) {
    was_told_to_end_ = was_told_to_end_ || info.ssi_signo != SIGCHLD;
  }
  for (size_t i = 0; i < pumps.size(); ++i) {
    if (ready[i + 2].revents != 0 || pumps[i]->is_held()) pumps[i]->Pump(buffer_);
  }
  return true;
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
  LogFile log(message.log_path, message.logs);
  log.Mark(message.text);
  Child child{.id = message.id, .mark = MarkIn(message.env)};
  Message answer{.kind = Message::Kind::kStarted, .id = message.id};
  const Result<OutputPipe> pipe = MakeOutputPipe();
  const Result<pid_t> pid = pipe.ok() ? Start(message, pipe->writer, &child) : pipe.status();
  if (pipe.ok()) close(pipe->writer);
  if (pid.ok()) {
    answer.number = *pid;
    child.output = std::make_unique<OutputPump>(pipe->reader, std::move(log));
    children_.emplace(*pid, std::move(child));
  } else {
    if (pipe.ok()) close(pipe->reader);
    log.Mark(pid.status().message());
    answer.kind = Message::Kind::kStartFailed;
    answer.text = pid.status().message();
  }
  (void)channel_.Send(answer);  // a lost runner shows at the next poll
}

Result<pid_t> GuardianLoop::Start(const Message& message, int output, Child* child) {
  if (message.limits != spec::ResourceLimits{}) {
    if (!trees_) trees_ = FindCgroupTrees();
    ASSIGN_OR_RETURN(child->group, Cgroup::Create(*trees_, GroupName(child->mark), message.limits));
  }
  return local::Spawn(
      {.program = message.program,
       .argv = message.argv,
       .env = message.env,
       .directory = message.directory,
       .output = output,
       .groups = child->group ? child->group->EntryFiles() : std::vector<std::string>{}});
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
    Child child = std::move(found->second);
    children_.erase(found);
    Bury(std::move(child), status);
  }
}

// Ends what the child has left behind; its end is reported when its output is complete.
void GuardianLoop::Bury(Child child, int status) {
  Message message{.kind = Message::Kind::kEnded, .id = child.id, .number = status};
  if (child.group) {
    child.group->Kill();
    message.out_of_memory = status != 0 && child.group->HasRunOutOfMemory();
  }
  EndLeftovers(child);
  child.group.reset();
  child.output->SetLast();
  if (message.out_of_memory) message.text = "killed: it needed more memory than its limit";
  ended_.push_back({std::move(message), std::move(child.output)});
}

void GuardianLoop::ReportEnded() {
  std::erase_if(ended_, [&](Ended& ended) {
    if (!ended.output->Drain(buffer_)) return false;
    if (!ended.message.text.empty()) ended.output->log().Mark(ended.message.text);
    ended.output.reset();  // the log is complete before anybody hears of the end
    (void)channel_.Send(ended.message);
    return true;
  });
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
  is_ending_ = true;
  // No reader is waited for any more; what replicas print while they end still goes to their logs.
  for (auto& [pid, child] : children_) child.output->log().ForgetReaders();
  for (Ended& ended : ended_) ended.output->log().ForgetReaders();
  if (grace > Clock::duration::zero()) {
    for (const pid_t pid : Descendants(ListProcesses(), getpid())) kill(pid, SIGTERM);
    const auto kill_at = Clock::now() + grace;
    while (Clock::now() < kill_at && !ReapAll()) Wait(kEndMillis);
  }
  const auto deadline = Clock::now() + kKillPatience;
  while (Clock::now() < deadline && !ReapAll()) {
    for (const pid_t pid : Descendants(ListProcesses(), getpid())) kill(pid, SIGKILL);
    Wait(1);
  }
  for (auto& [pid, child] : children_) {
    child.output->SetLast();
    child.output->Drain(buffer_);
  }
  children_.clear();
  ReportEnded();
}

}  // namespace trainyard::local

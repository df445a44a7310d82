#include "local/replica_process.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>

#include "local/processes.h"

namespace trainyard::local {
namespace {

// Told apart from the replica's own lines by eye and by ReadOutput().
constexpr std::string_view kMarker = "----- trainyard: ";

void AppendMarker(const std::string& path, const std::string& text) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return;  // the start itself will say so
  std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  char stamp[32];
  std::strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%S", &local);
  const std::string line = fmt::format("{}{} {}\n", kMarker, stamp, text);
  [[maybe_unused]] const ssize_t written = write(fd, line.data(), line.size());
  close(fd);
}

int ExitCode(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

ReplicaProcess::ReplicaProcess(job::ReplicaId id, Launch launch, std::string log_path,
                               std::string progress_path, std::chrono::seconds grace)
    : id_(id),
      launch_(std::move(launch)),
      log_path_(std::move(log_path)),
      progress_path_(std::move(progress_path)),
      grace_(grace),
      log_(log_path_),
      progress_file_(progress_path_) {
  // What an earlier run wrote is neither this run's output nor its progress.
  unlink(progress_path_.c_str());
  log_.SkipToEnd();
  progress_.max_steps = MaxStepsFromArguments(launch_.argv);
}

Message ReplicaProcess::Start(int instance, uint64_t message_id, const std::string& mark) {
  AppendMarker(log_path_, instance == 0 ? fmt::format("start of {}", id_.Name())
                                        : fmt::format("restart {} of {}", instance, id_.Name()));
  view_ = job::ReplicaView{.id = id_, .instance = instance};
  message_id_ = message_id;
  pid_ = 0;
  is_stopping_ = false;
  Message message{.kind = Message::Kind::kSpawn,
                  .id = message_id,
                  .program = launch_.program,
                  .argv = launch_.argv,
                  .env = {},
                  .directory = launch_.directory,
                  .log_path = log_path_};
  for (const auto& [name, value] : launch_.env) message.env.push_back(name + "=" + value);
  message.env.push_back(fmt::format("{}={}", kRunVariable, mark));
  return message;
}

std::optional<Message> ReplicaProcess::Stop() {
  if (is_stopping_ || !is_active()) return std::nullopt;
  is_stopping_ = true;
  return Message{.kind = Message::Kind::kStop,
                 .id = message_id_,
                 .number = std::chrono::milliseconds(grace_).count()};
}

bool ReplicaProcess::Hear(const Message& message, job::TimePoint now) {
  if (!view_ || message.id != message_id_) return false;
  if (message.kind == Message::Kind::kStarted) {
    pid_ = static_cast<pid_t>(message.number);
    view_->phase = job::Phase::kRunning;
    view_->started_at = now;
    return true;
  }
  if (message.kind == Message::Kind::kStartFailed) {
    view_->exit_code = 127;
    last_line_ = message.text;
    AppendMarker(log_path_, message.text);
    log_.SkipToEnd();
  } else if (message.kind == Message::Kind::kEnded) {
    view_->exit_code = ExitCode(static_cast<int>(message.number));
  }
  view_->phase = view_->exit_code == 0 ? job::Phase::kSucceeded : job::Phase::kFailed;
  view_->ended_at = now;
  last_exit_code_ = view_->exit_code;
  has_ended_ = true;
  pid_ = 0;
  return true;
}

void ReplicaProcess::TakeLine(std::string_view line, RunObserver* observer) {
  if (observer != nullptr) observer->OnLog(id_, line);
  if (line.starts_with(kMarker)) return;
  if (!has_progress_file_) ReadEstimatorLine(line, &progress_);
  if (line.find_first_not_of(" \t\r") != std::string_view::npos) {
    last_line_ = line.substr(0, 400);
  }
}

void ReplicaProcess::ReadOutput(RunObserver* observer) {
  progress_file_.Poll([&](std::string_view line) {
    has_progress_file_ = ReadProgressLine(line, &progress_) || has_progress_file_;
  });
  const auto take = [&](std::string_view line) { TakeLine(line, observer); };
  log_.Poll(take);
  if (view_ && !view_->is_active()) log_.Flush(take);
}

ReplicaInfo ReplicaProcess::Describe(const job::ReplicaRecord& record) const {
  ReplicaInfo info{.id = id_,
                   .state = "waiting",
                   .pid = pid_,
                   .restarts = record.restarts,
                   .exit_code = last_exit_code_,
                   .has_ended = has_ended_,
                   .progress = progress_,
                   .message = progress_.message.empty() ? last_line_ : progress_.message,
                   .log_path = log_path_};
  if (is_active()) {
    const bool is_starting = view_->phase == job::Phase::kPending;
    info.state = is_stopping_ ? "stopping" : is_starting ? "starting" : "running";
  } else if (view_ && is_stopping_) {
    info.state = "stopped";
  } else if (record.state == job::ReplicaState::kSucceeded) {
    info.state = "succeeded";
  } else if (record.state == job::ReplicaState::kFailed) {
    info.state = "failed";
  } else if (record.state == job::ReplicaState::kWaiting && record.restarts > 0) {
    info.state = "restarting";
  } else if (view_) {
    info.state = view_->phase == job::Phase::kSucceeded ? "succeeded" : "failed";
  }
  return info;
}

std::vector<std::string> LastLines(const std::string& path, size_t count) {
  std::vector<std::string> lines;
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return lines;
  constexpr off_t kTail = 16384;
  const off_t size = lseek(fd, 0, SEEK_END);
  std::string tail(static_cast<size_t>(std::min(size, kTail)), '\0');
  const ssize_t got = pread(fd, tail.data(), tail.size(), size - static_cast<off_t>(tail.size()));
  close(fd);
  tail.resize(got < 0 ? 0 : static_cast<size_t>(got));
  std::string_view rest = tail;
  while (!rest.empty() && lines.size() < count) {
    while (rest.ends_with('\n')) rest.remove_suffix(1);
    const size_t start = rest.rfind('\n') + 1;  // npos + 1 is 0
    const std::string_view line = rest.substr(start);
    rest = rest.substr(0, start);
    if (line.starts_with(kMarker)) break;
    if (line.find_first_not_of(" \t\r") != std::string_view::npos) lines.emplace_back(line);
  }
  std::reverse(lines.begin(), lines.end());
  return lines;
}

}  // namespace trainyard::local

#include "local/replica_process.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "local/logs/log_file.h"
#include "local/logs/log_rotation.h"
#include "local/process/processes.h"

namespace trainyard::local {
namespace {

// How much of what was read at once is looked at for progress: of that the last counts.
constexpr size_t kProgressBytes = size_t{1} << 16;

// What begins with the first line that starts within the last `max_bytes`.
std::string_view LastWholeLines(std::string_view lines, size_t max_bytes) {
  if (lines.size() <= max_bytes) return lines;
  lines.remove_prefix(lines.size() - max_bytes);
  lines.remove_prefix(std::min(lines.find('\n'), lines.size() - 1) + 1);
  return lines;
}

int ExitCode(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

ReplicaProcess::ReplicaProcess(job::ReplicaId id, Launch launch, Options options)
    : id_(id),
      launch_(std::move(launch)),
      options_(std::move(options)),
      log_(options_.log_path,
           options_.wants_every_line ? LineReader::Mode::kEveryLine : LineReader::Mode::kMayMiss),
      progress_file_(options_.progress_path) {
  // What an earlier run wrote is neither this run's output nor its progress.
  unlink(options_.progress_path.c_str());
  log_.SkipToEnd();
  progress_.max_steps = MaxStepsFromArguments(launch_.argv);
}

ReplicaProcess::~ReplicaProcess() {
  RemoveSecretVolumes(launch_.volumes);
  if (view_ && options_.logs.max_bytes > 0) {
    PruneLog(options_.log_path, options_.logs.max_files, /*heeds_readers=*/false);
  }
}

std::optional<Message> ReplicaProcess::Start(int instance, uint64_t message_id,
                                             const std::string& mark) {
  view_ = job::ReplicaView{.id = id_, .instance = instance};
  message_id_ = message_id;
  pid_ = 0;
  is_stopping_ = false;
  if (const Status prepared = PrepareVolumes(launch_.volumes); !prepared.ok()) {
    LogFile(options_.log_path, options_.logs).Mark(prepared.message());
    Hear({.kind = Message::Kind::kStartFailed, .id = message_id, .text = prepared.message()},
         std::chrono::system_clock::now());
    return std::nullopt;
  }
  Message message{.kind = Message::Kind::kSpawn,
                  .id = message_id,
                  .program = launch_.program,
                  .argv = launch_.argv,
                  .directory = launch_.directory,
                  .log_path = options_.log_path,
                  .logs = options_.logs,
                  .limits = launch_.limits,
                  .text = instance == 0 ? fmt::format("start of {}", id_.Name())
                                        : fmt::format("restart {} of {}", instance, id_.Name())};
  for (const auto& [name, value] : launch_.env) message.env.push_back(name + "=" + value);
  message.env.push_back(fmt::format("{}={}", kRunVariable, mark));
  return message;
}

std::optional<Message> ReplicaProcess::Stop() {
  if (is_stopping_ || !is_active()) return std::nullopt;
  is_stopping_ = true;
  return Message{.kind = Message::Kind::kStop,
                 .id = message_id_,
                 .number = std::chrono::milliseconds(options_.grace).count()};
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
  } else if (message.kind == Message::Kind::kEnded) {
    view_->exit_code = ExitCode(static_cast<int>(message.number));
    view_->out_of_memory = message.out_of_memory;
  }
  view_->phase = view_->exit_code == 0 ? job::Phase::kSucceeded : job::Phase::kFailed;
  view_->ended_at = now;
  last_exit_code_ = view_->exit_code;
  has_ended_ = true;
  pid_ = 0;
  return true;
}

void ReplicaProcess::TakeLines(std::string_view lines, RunObserver* observer) {
  if (observer != nullptr) observer->OnLogLines(id_, lines);
  unparsed_ += LastWholeLines(lines, kProgressBytes);
  if (unparsed_.size() > 2 * kProgressBytes) {
    unparsed_ = std::string(LastWholeLines(unparsed_, kProgressBytes));
  }
}

void ReplicaProcess::ParseOutput() {
  ForEachLine(unparsed_, [&](std::string_view line) {
    if (line.starts_with(kLogMarker)) return;
    if (!has_progress_file_) ReadEstimatorLine(line, &progress_);
    if (line.find_first_not_of(" \t\r") != std::string_view::npos) {
      last_line_ = line.substr(0, 400);
    }
  });
  unparsed_.clear();
}

bool ReplicaProcess::ReadOutput(RunObserver* observer) {
  progress_file_.Poll([&](std::string_view line) {
    has_progress_file_ = ReadProgressLine(line, &progress_) || has_progress_file_;
  });
  const auto take = [&](std::string_view lines) { TakeLines(lines, observer); };
  const bool has_more = log_.PollBlocks(take);
  if (!has_more && view_ && !view_->is_active()) {
    log_.Flush([&](std::string_view line) { take(std::string(line) + '\n'); });
  }
  ParseOutput();
  return has_more;
}

ReplicaInfo ReplicaProcess::Describe(const job::ReplicaRecord& record, bool job_has_ended) const {
  ReplicaInfo info{.id = id_,
                   .state = "waiting",
                   .pid = pid_,
                   .restarts = record.restarts,
                   .exit_code = last_exit_code_,
                   .has_ended = has_ended_,
                   .progress = progress_,
                   .message = progress_.message.empty() ? last_line_ : progress_.message,
                   .log_path = options_.log_path};
  if (is_active()) {
    const bool is_starting = view_->phase == job::Phase::kPending;
    info.state = is_stopping_ ? "stopping" : is_starting ? "starting" : "running";
  } else if (view_ && is_stopping_) {
    info.state = "stopped";
  } else if (record.state == job::ReplicaState::kSucceeded) {
    info.state = "succeeded";
  } else if (record.state == job::ReplicaState::kFailed) {
    info.state = "failed";
  } else if (record.state == job::ReplicaState::kWaiting && record.restarts > 0 && !job_has_ended) {
    info.state = "restarting";
  } else if (view_) {
    info.state = view_->phase == job::Phase::kSucceeded ? "succeeded" : "failed";
  }
  return info;
}

namespace {

// The last bytes of a file; empty if it cannot be read.
std::string Tail(const std::string& path) {
  constexpr off_t kTail = 16384;
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return "";
  const off_t size = lseek(fd, 0, SEEK_END);
  std::string tail(static_cast<size_t>(std::min(size, kTail)), '\0');
  const ssize_t got = pread(fd, tail.data(), tail.size(), size - static_cast<off_t>(tail.size()));
  close(fd);
  tail.resize(got < 0 ? 0 : static_cast<size_t>(got));
  return tail;
}

}  // namespace

std::vector<std::string> LastLines(const std::string& path, size_t count) {
  std::vector<std::string> lines;
  // The current file may just have been begun.
  const std::string tail = Tail(RotatedPath(path, 1)) + Tail(path);
  std::string_view rest = tail;
  while (!rest.empty() && lines.size() < count) {
    while (rest.ends_with('\n')) rest.remove_suffix(1);
    const size_t start = rest.rfind('\n') + 1;  // npos + 1 is 0
    const std::string_view line = rest.substr(start);
    rest = rest.substr(0, start);
    if (line.starts_with(kLogMarker)) break;
    if (line.find_first_not_of(" \t\r") != std::string_view::npos) lines.emplace_back(line);
  }
  std::reverse(lines.begin(), lines.end());
  return lines;
}

}  // namespace trainyard::local

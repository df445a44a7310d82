#include "local/state/store.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/files.h"
#include "local/state/workdir.h"

namespace trainyard::local {
namespace {

constexpr off_t kMaxHistory = 1 << 20;
constexpr size_t kMaxRecord = 64u << 20;

constexpr std::string_view kHeading = "# As submitted to trainyard run";
constexpr std::string_view kEndOfHeading = "#\n";

// The end of a file, at most `max_bytes` of it, from the start of a line.
std::string ReadTail(const std::string& path, off_t max_bytes) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return "";
  const off_t size = lseek(fd, 0, SEEK_END);
  const off_t start = std::max<off_t>(0, size - max_bytes);
  std::string text(static_cast<size_t>(std::max<off_t>(0, size - start)), '\0');
  const ssize_t got = pread(fd, text.data(), text.size(), start);
  close(fd);
  text.resize(static_cast<size_t>(std::max<ssize_t>(got, 0)));
  if (start > 0) text.erase(0, std::min(text.find('\n'), text.size() - 1) + 1);
  return text;
}

}  // namespace

std::string JobStore::Path(std::string_view name) const {
  return JoinPath(JoinPath(workdir_, ".trainyard"), name);
}

Result<JobRecord> JobStore::Read() const {
  const std::string path = Path("status.json");
  Result<std::string> text = ReadFile(path);
  if (!text.ok() && text.status().code() == StatusCode::kNotFound) {
    return NotFoundError("there is no job in {}", workdir_);
  }
  if (!text.ok()) return text.status();
  if (text->size() > kMaxRecord) return DataLossError("{} is damaged: it is too large", path);
  return ParseJobRecord(*text, path);
}

Status JobStore::Write(const JobRecord& record, Durability durability) const {
  RETURN_IF_ERROR(MakeDirectories(Path("")));
  return WriteFileAtomically(Path("status.json"), FormatJobRecord(record),
                             durability == Durability::kSurvivesPowerLoss);
}

Result<std::string> JobStore::ReadJobText() const { return ReadFile(Path("job.yaml")); }

Status JobStore::WriteJobText(std::string_view text, const Submission& submission) const {
  std::string heading(kHeading);
  if (!submission.file.empty()) heading += " from " + submission.file;
  for (const std::string& override : submission.overrides) heading += "\n# --set " + override;
  // Of several lines only the first would be a comment.
  for (size_t at = kHeading.size(); (at = heading.find('\n', at)) != std::string::npos; ++at) {
    if (heading.compare(at + 1, 7, "# --set") != 0) heading[at] = ' ';
  }
  return WriteFileAtomically(Path("job.yaml"),
                             fmt::format("{}\n{}{}", heading, kEndOfHeading, text));
}

Status JobStore::AppendEvents(std::span<const HistoryEvent> events) const {
  if (events.empty()) return OkStatus();
  std::string text;
  for (const HistoryEvent& event : events) text += FormatHistoryEvent(event) + "\n";
  const std::string path = Path("events.jsonl");
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return ErrnoError(errno, "cannot open {}", path);
  const ssize_t written = write(fd, text.data(), text.size());
  const int error = written < 0 ? errno : ENOSPC;
  close(fd);
  if (written == static_cast<ssize_t>(text.size())) return OkStatus();
  return ErrnoError(error, "cannot write {}", path);
}

std::vector<HistoryEvent> JobStore::ReadEvents() const {
  const std::string text = ReadTail(Path("events.jsonl"), kMaxHistory);
  std::vector<HistoryEvent> events;
  std::string_view rest = text;
  for (size_t end; (end = rest.find('\n')) != std::string_view::npos;) {
    if (auto event = ParseHistoryEvent(rest.substr(0, end))) events.push_back(*std::move(event));
    rest.remove_prefix(end + 1);
  }
  return events;
}

Status JobStore::RequestStop() const { return WriteFileAtomically(Path("stop"), "", false); }

bool JobStore::IsStopRequested() const { return PathExists(Path("stop")); }

void JobStore::WithdrawStopRequest() const { unlink(Path("stop").c_str()); }

Status JobStore::BeginAnew() const {
  RETURN_IF_ERROR(RemoveRecursively(Path("events.jsonl")));
  const std::string logs = LogDirectory(workdir_);
  const std::string previous = JoinPath(logs, "previous");
  RETURN_IF_ERROR(MakeDirectories(logs));
  ASSIGN_OR_RETURN(std::vector<std::string> names, ListDirectory(logs));
  std::erase(names, "previous");
  if (names.empty()) return OkStatus();
  RETURN_IF_ERROR(RemoveRecursively(previous));
  RETURN_IF_ERROR(MakeDirectories(previous));
  for (const std::string& name : names) {
    RETURN_IF_ERROR(RenamePath(JoinPath(logs, name), JoinPath(previous, name)));
  }
  return OkStatus();
}

Status JobStore::Remove() const {
  for (const char* part : {"logs", "progress", ".trainyard/job.yaml", ".trainyard/events.jsonl",
                           ".trainyard/status.json", ".trainyard"}) {
    RETURN_IF_ERROR(RemoveRecursively(JoinPath(workdir_, part)));
  }
  rmdir(workdir_.c_str());  // only if the job has left no results
  return OkStatus();
}

std::string WithoutHeading(std::string_view job_yaml) {
  if (!job_yaml.starts_with(kHeading)) return std::string(job_yaml);
  const size_t end = job_yaml.find(fmt::format("\n{}", kEndOfHeading));
  if (end == std::string_view::npos) return std::string(job_yaml);
  return std::string(job_yaml.substr(end + 1 + kEndOfHeading.size()));
}

}  // namespace trainyard::local

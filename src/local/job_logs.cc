#include "local/job_logs.h"

#include <algorithm>
#include <deque>

#include "base/files.h"
#include "local/logs/log_file.h"
#include "local/state/job_record.h"
#include "local/state/workdir.h"

namespace trainyard::local {
namespace {

// `----- trainyard: 2024-05-01 12:03:07 restart 1 of worker-0`, and `start of` for the first.
bool BeginsInstance(std::string_view line) {
  if (!line.starts_with(kLogMarker)) return false;
  line.remove_prefix(kLogMarker.size());
  constexpr size_t kStamp = std::string_view("2024-05-01 12:03:07 ").size();
  if (line.size() <= kStamp) return false;
  line.remove_prefix(kStamp);
  return line.starts_with("start of ") || line.starts_with("restart ");
}

}  // namespace

std::vector<std::string> PreviousInstance(const std::vector<std::string>& lines) {
  const auto last = std::find_if(lines.rbegin(), lines.rend(), BeginsInstance);
  if (last == lines.rend()) return {};
  const auto before = std::find_if(last + 1, lines.rend(), BeginsInstance);
  if (before == lines.rend()) return {};
  return {before.base() - 1, last.base() - 1};
}

std::vector<job::ReplicaId> JobLogs::Replicas() const {
  std::vector<job::ReplicaId> ids;
  const auto names = ListDirectory(LogDirectory(workdir_)).value_or(std::vector<std::string>());
  for (const std::string& name : names) {
    constexpr std::string_view kEnd = ".log";
    if (!name.ends_with(kEnd)) continue;
    const auto id = ParseReplicaName(name.substr(0, name.size() - kEnd.size()));
    if (id) ids.push_back(*id);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

void JobLogs::Poll(const TakeLine& take) {
  for (const auto& [id, reader] : readers_) {
    reader->Poll([&, &replica = id](std::string_view line) { take(replica, line); });
  }
  for (const job::ReplicaId& id : Replicas()) {
    const bool is_wanted = !options_.replica || *options_.replica == id;
    if (is_wanted && !readers_.contains(id)) ReadFirst(id, take);
  }
}

void JobLogs::ReadFirst(const job::ReplicaId& id, const TakeLine& take) {
  const std::string path = JoinPath(LogDirectory(workdir_), id.Name() + ".log");
  auto reader = std::make_unique<LineReader>(path);
  reader->StartAtOldest();
  const auto read_all = [&](const std::function<void(std::string_view)>& use) {
    while (reader->Poll(use)) {
    }
  };
  if (options_.previous) {
    std::vector<std::string> lines;
    read_all([&](std::string_view line) { lines.emplace_back(line); });
    for (const std::string& line : PreviousInstance(lines)) take(id, line);
  } else if (options_.tail) {
    std::deque<std::string> last;
    read_all([&](std::string_view line) {
      last.emplace_back(line);
      if (last.size() > *options_.tail) last.pop_front();
    });
    for (const std::string& line : last) take(id, line);
  } else {
    read_all([&](std::string_view line) { take(id, line); });
  }
  readers_[id] = std::move(reader);
}

void JobLogs::Flush(const TakeLine& take) {
  if (options_.previous) return;
  for (const auto& [id, reader] : readers_) {
    reader->Flush([&, &replica = id](std::string_view line) { take(replica, line); });
  }
}

}  // namespace trainyard::local

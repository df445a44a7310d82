#include "cli/cluster/cluster_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "local/state/timestamp.h"

namespace trainyard::cli {
namespace {

std::string TimeColumn(const std::optional<job::TimePoint>& time) {
  return time ? local::FormatTimestamp(*time) : "-";
}

std::vector<std::vector<std::string>> JobRows(std::span<const JobDescription> jobs,
                                              const ClusterTable& table, job::TimePoint now) {
  std::vector<std::vector<std::string>> rows = {{"NAME", "STATE", "REPLICAS", "RESTARTS", "AGE"}};
  if (table.wide) rows.front().insert(rows.front().end(), {"STARTED", "COMPLETED", "NOTE"});
  for (const JobDescription& job : jobs) {
    rows.push_back({job.name, job.state,
                    fmt::format("{}/{}", job.num_running(), job.replicas.size()),
                    fmt::format("{}", job.num_restarts()), FormatAge(now - job.created)});
    if (!table.wide) continue;
    rows.back().insert(rows.back().end(),
                       {TimeColumn(job.status.start_time), TimeColumn(job.status.completion_time),
                        CleanLine(job.state_note, 80)});
  }
  if (table.with_namespace) {
    rows.front().insert(rows.front().begin(), "NAMESPACE");
    for (size_t i = 0; i < jobs.size(); ++i) {
      rows[i + 1].insert(rows[i + 1].begin(), jobs[i].name_space);
    }
  }
  return rows;
}

Colour ColourOf(std::string_view state) {
  if (state == "running" || state == "Running") return Colour::kGreen;
  if (state == "failed" || state == "Failed" || state == "out of memory") return Colour::kRed;
  if (state == "waiting" || state == "disrupted" || state == "restarting" ||
      state == "Restarting") {
    return Colour::kYellow;
  }
  return Colour::kNone;
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t start = 0; start < text.size();) {
    const size_t end = text.find('\n', start);
    lines.push_back(text.substr(start, end - start));
    if (end == std::string::npos) break;
    start = end + 1;
  }
  return lines;
}

void AddReplicas(const JobDescription& job, int columns, bool colours,
                 std::vector<std::string>* lines) {
  std::vector<std::vector<std::string>> rows;
  for (const ReplicaLine& replica : job.replicas) {
    rows.push_back({replica.name, replica.state,
                    replica.restarts == 0 ? "" : fmt::format("{} restart(s)", replica.restarts),
                    replica.age ? FormatAge(*replica.age) : "", replica.last_line});
  }
  const std::vector<std::string> table = Lines(FormatTable(rows));
  for (size_t i = 0; i < table.size(); ++i) {
    lines->push_back(
        Paint(CleanLine("  " + table[i], columns), ColourOf(job.replicas[i].state), colours));
  }
}

}  // namespace

std::string FormatClusterJobs(std::span<const JobDescription> jobs, const ClusterTable& table,
                              job::TimePoint now) {
  return FormatTable(JobRows(jobs, table, now));
}

std::vector<std::string> FormatWatch(std::span<const JobDescription> jobs,
                                     const ClusterTable& table, job::TimePoint now,
                                     ScreenSize screen, bool colours) {
  const std::vector<std::string> rows = Lines(FormatTable(JobRows(jobs, table, now)));
  std::vector<std::string> lines = {
      Paint(CleanLine(rows.front(), screen.columns), Colour::kBold, colours)};
  for (size_t i = 0; i < jobs.size(); ++i) {
    lines.push_back(
        Paint(CleanLine(rows[i + 1], screen.columns), ColourOf(jobs[i].state), colours));
    if (!jobs[i].status.is_finished()) AddReplicas(jobs[i], screen.columns, colours, &lines);
  }
  const size_t most = static_cast<size_t>(std::max(screen.rows - 1, 2));
  if (lines.size() > most) {
    const size_t hidden = lines.size() - most + 1;
    lines.resize(most - 1);
    lines.push_back(fmt::format("... and {} more lines", hidden));
  }
  return lines;
}

}  // namespace trainyard::cli

#include "cli/cluster/cluster_report.h"

#include <fmt/format.h>

#include <utility>

#include "cli/live_screen.h"
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

void AddReplicas(const JobDescription& job, int columns, bool colours,
                 std::vector<std::string>* lines) {
  std::vector<std::vector<std::string>> rows;
  for (const ReplicaLine& replica : job.replicas) {
    rows.push_back({replica.name, replica.state,
                    replica.restarts == 0 ? "" : fmt::format("{} restart(s)", replica.restarts),
                    replica.age ? FormatAge(*replica.age) : "", replica.last_line});
  }
  const std::vector<std::string> table = SplitLines(FormatTable(rows));
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
  const std::vector<std::string> rows = SplitLines(FormatTable(JobRows(jobs, table, now)));
  std::vector<std::string> lines = {
      Paint(CleanLine(rows.front(), screen.columns), Colour::kBold, colours)};
  for (size_t i = 0; i < jobs.size(); ++i) {
    lines.push_back(
        Paint(CleanLine(rows[i + 1], screen.columns), ColourOf(jobs[i].state), colours));
    if (!jobs[i].status.is_finished()) AddReplicas(jobs[i], screen.columns, colours, &lines);
  }
  return FitRows(std::move(lines), screen);
}

}  // namespace trainyard::cli

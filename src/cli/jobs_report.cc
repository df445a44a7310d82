#include "cli/jobs_report.h"

#include <fmt/format.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include "cli/job_report.h"
#include "cli/terminal.h"
#include "local/state/timestamp.h"

namespace trainyard::cli {
namespace {

using Json = nlohmann::ordered_json;

// Short enough for a column.
std::string ProgressColumn(const local::Progress& progress) {
  if (!progress.step) return "-";
  if (!progress.max_steps || *progress.max_steps <= 0) return fmt::format("{}", *progress.step);
  return fmt::format("{}/{} ({}%)", *progress.step, *progress.max_steps,
                     std::clamp<int64_t>(100 * *progress.step / *progress.max_steps, 0, 100));
}

std::string PidColumn(pid_t pid) { return pid == 0 ? "-" : fmt::format("{}", pid); }

// "Name:         digits".
std::string Field(std::string_view name, std::string_view value) {
  return fmt::format("{:<14}{}\n", fmt::format("{}:", name), value.empty() ? "<none>" : value);
}

// Of a damaged record nothing is known.
std::string AgeColumn(job::TimePoint since, job::TimePoint now) {
  return since == job::TimePoint() ? "<unknown>" : FormatAge(now - since);
}

std::string TimeWithAge(job::TimePoint time, job::TimePoint now) {
  if (time == job::TimePoint()) return "<unknown>";
  return fmt::format("{} ({} ago)", local::FormatTimestamp(time), FormatAge(now - time));
}

std::string Indented(const std::string& table) {
  std::string text;
  for (size_t start = 0; start < table.size();) {
    const size_t end = std::min(table.find('\n', start), table.size() - 1);
    text += "  " + table.substr(start, end - start + 1);
    start = end + 1;
  }
  return text;
}

std::string Conditions(const JobDescription& job, job::TimePoint now) {
  if (job.status.conditions.empty()) return Field("Conditions", "");
  std::vector<std::vector<std::string>> rows = {{"TYPE", "STATUS", "REASON", "AGE", "MESSAGE"}};
  for (const job::Condition& condition : job.status.conditions) {
    rows.push_back({std::string(job::ConditionTypeName(condition.type)),
                    condition.status ? "True" : "False", condition.reason,
                    FormatAge(now - condition.last_transition_time),
                    CleanLine(condition.message, 200)});
  }
  return "Conditions:\n" + Indented(FormatTable(rows));
}

std::string Replicas(const JobDescription& job) {
  if (job.replicas.empty()) return Field("Replicas", "");
  const bool is_local = !job.place.empty();
  std::vector<std::vector<std::string>> rows = {
      {"NAME", "STATE", "RESTARTS", "EXIT CODE", is_local ? "PID" : "NODE", "LAST LINE"}};
  for (const ReplicaLine& replica : job.replicas) {
    const std::string node = replica.place.empty() ? "-" : replica.place;
    rows.push_back({replica.name, replica.state, fmt::format("{}", replica.restarts),
                    replica.exit_code ? fmt::format("{}", *replica.exit_code) : "-",
                    is_local ? PidColumn(replica.pid) : node, CleanLine(replica.last_line, 80)});
  }
  return "Replicas:\n" + Indented(FormatTable(rows));
}

std::string Events(const JobDescription& job, job::TimePoint now) {
  if (job.events.empty()) return Field("Events", "");
  constexpr size_t kMost = 50;
  const size_t first = job.events.size() - std::min(job.events.size(), kMost);
  std::vector<std::vector<std::string>> rows = {{"TYPE", "REASON", "AGE", "FROM", "MESSAGE"}};
  for (const EventLine& event : std::span(job.events).subspan(first)) {
    rows.push_back({event.is_warning ? "Warning" : "Normal", event.reason,
                    FormatAge(now - event.time), event.replica.empty() ? "job" : event.replica,
                    CleanLine(event.message, 200)});
  }
  const std::string heading =
      first == 0 ? "Events:\n" : fmt::format("Events (the last {}):\n", kMost);
  return heading + Indented(FormatTable(rows));
}

Json ProgressJson(const local::Progress& progress) {
  Json json = Json::object();
  const auto put = [&](const char* key, const auto& value) {
    if (value) json[key] = *value;
  };
  put("step", progress.step);
  put("max_steps", progress.max_steps);
  put("loss", progress.loss);
  put("steps_per_sec", progress.steps_per_sec);
  put("accuracy", progress.accuracy);
  put("eval_step", progress.eval_step);
  return json;
}

Json ToJson(const JobDescription& job) {
  Json json = {{"name", job.name},
               {"namespace", job.name_space},
               {"state", job.state},
               {"created", local::FormatTimestamp(job.created)},
               {"restarts", job.num_restarts()}};
  if (!job.place.empty()) {
    json["workdir"] = job.place;
    json["progress"] = ProgressJson(job.progress);
  }
  if (!job.state_note.empty()) json["note"] = job.state_note;
  if (!job.file.empty()) json["file"] = job.file;
  if (!job.overrides.empty()) json["overrides"] = job.overrides;
  if (job.runner != 0) json["pid"] = job.runner;
  if (job.status.start_time) json["started"] = local::FormatTimestamp(*job.status.start_time);
  if (job.status.completion_time) {
    json["completed"] = local::FormatTimestamp(*job.status.completion_time);
  }
  json["conditions"] = Json::array();
  for (const job::Condition& condition : job.status.conditions) {
    json["conditions"].push_back(
        {{"type", job::ConditionTypeName(condition.type)},
         {"status", condition.status ? "True" : "False"},
         {"reason", condition.reason},
         {"message", condition.message},
         {"lastTransitionTime", local::FormatTimestamp(condition.last_transition_time)}});
  }
  json["replicas"] = Json::array();
  for (const ReplicaLine& replica : job.replicas) {
    Json entry = {{"name", replica.name}, {"state", replica.state}, {"restarts", replica.restarts}};
    if (replica.exit_code) entry["exit_code"] = *replica.exit_code;
    if (replica.pid != 0) entry["pid"] = replica.pid;
    if (!replica.place.empty()) entry["node"] = replica.place;
    if (!replica.last_line.empty()) entry["last_line"] = replica.last_line;
    json["replicas"].push_back(std::move(entry));
  }
  return json;
}

std::string Dump(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

int JobDescription::num_running() const {
  return static_cast<int>(std::count_if(replicas.begin(), replicas.end(),
                                        [](const ReplicaLine& line) { return line.is_running; }));
}

int JobDescription::num_restarts() const {
  int total = 0;
  for (const ReplicaLine& replica : replicas) total += replica.restarts;
  return total;
}

// The rules of apimachinery's duration.HumanDuration.
std::string FormatAge(std::chrono::system_clock::duration age) {
  const int64_t seconds =
      std::max<int64_t>(0, std::chrono::duration_cast<std::chrono::seconds>(age).count());
  const int64_t minutes = seconds / 60;
  const int64_t hours = minutes / 60;
  const int64_t days = hours / 24;
  const auto with_rest = [](int64_t whole, char unit, int64_t rest, char rest_unit) {
    return rest == 0 ? fmt::format("{}{}", whole, unit)
                     : fmt::format("{}{}{}{}", whole, unit, rest, rest_unit);
  };
  if (seconds < 120) return fmt::format("{}s", seconds);
  if (minutes < 10) return with_rest(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return fmt::format("{}m", minutes);
  if (hours < 8) return with_rest(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return fmt::format("{}h", hours);
  if (days < 8) return with_rest(days, 'd', hours % 24, 'h');
  if (days < 2 * 365) return fmt::format("{}d", days);
  return with_rest(days / 365, 'y', days % 365, 'd');
}

std::string FormatTable(std::span<const std::vector<std::string>> rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], static_cast<size_t>(WidthOf(row[i])));
    }
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      line += row[i] + std::string(widths[i] - static_cast<size_t>(WidthOf(row[i])) + 3, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string FormatJobs(std::span<const JobDescription> jobs, bool wide, job::TimePoint now,
                       std::string_view directory) {
  std::vector<std::vector<std::string>> rows = {
      {"NAME", "STATE", "REPLICAS", "RESTARTS", "PROGRESS", "AGE", "WORKDIR"}};
  if (wide) rows.front().insert(rows.front().end(), {"CREATED", "PID", "FILE"});
  for (const JobDescription& job : jobs) {
    rows.push_back({job.name, job.state,
                    fmt::format("{}/{}", job.num_running(), job.replicas.size()),
                    fmt::format("{}", job.num_restarts()), ProgressColumn(job.progress),
                    AgeColumn(job.created, now), ShortPath(job.place, directory)});
    if (!wide) continue;
    rows.back().insert(rows.back().end(),
                       {local::FormatTimestamp(job.created), PidColumn(job.runner),
                        job.file.empty() ? "-" : ShortPath(job.file, directory)});
  }
  return FormatTable(rows);
}

std::string FormatJobNames(std::span<const JobDescription> jobs) {
  std::string text;
  std::string_view last;
  for (const JobDescription& job : jobs) {
    if (job.name != last) text += job.name + "\n";
    last = job.name;
  }
  return text;
}

std::string FormatJobsJson(std::span<const JobDescription> jobs) {
  Json items = Json::array();
  for (const JobDescription& job : jobs) items.push_back(ToJson(job));
  return Dump({{"items", items}});
}

std::string FormatDescriptionJson(const JobDescription& job) {
  Json json = ToJson(job);
  json["events"] = Json::array();
  for (const EventLine& event : job.events) {
    Json entry = {{"time", local::FormatTimestampMillis(event.time)},
                  {"type", event.is_warning ? "Warning" : "Normal"},
                  {"reason", event.reason},
                  {"message", event.message}};
    if (!event.replica.empty()) entry["replica"] = event.replica;
    json["events"].push_back(std::move(entry));
  }
  return Dump(json);
}

std::string FormatDescription(const JobDescription& job, job::TimePoint now,
                              std::string_view directory) {
  std::string text = Field("Name", job.name) + Field("Namespace", job.name_space);
  text += Field("State", job.state_note.empty() ? job.state
                                                : fmt::format("{}: {}", job.state, job.state_note));
  if (!job.place.empty()) {
    text += Field("Workdir", ShortPath(job.place, directory));
    std::string file = ShortPath(job.file, directory);
    if (job.file.empty()) file = "<command line>";
    for (const std::string& override : job.overrides) file += " --set " + override;
    text += Field("File", CleanLine(file, 1000));
  }
  if (job.runner != 0) text += Field("Process", fmt::format("{}", job.runner));
  text += Field("Created", TimeWithAge(job.created, now));
  if (job.status.start_time) text += Field("Started", TimeWithAge(*job.status.start_time, now));
  if (job.status.completion_time) {
    text += Field("Completed", TimeWithAge(*job.status.completion_time, now));
  }
  if (job.progress.step) text += Field("Progress", FormatProgress(job.progress));
  if (!job.spec.empty()) {
    text += "Spec:\n";
    for (const auto& [name, value] : job.spec) {
      text += fmt::format("  {:<12}{}\n", name + ":", CleanLine(value, 200));
    }
  }
  return text + Conditions(job, now) + Replicas(job) + Events(job, now);
}

}  // namespace trainyard::cli

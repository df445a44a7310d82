#include "cli/job_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace trainyard::cli {
namespace {

using local::JobView;
using local::Progress;
using local::ReplicaInfo;

Colour StateColour(std::string_view state) {
  if (state == "running" || state == "succeeded") return Colour::kGreen;
  if (state == "failed") return Colour::kRed;
  if (state == "restarting" || state == "stopping") return Colour::kYellow;
  return Colour::kDim;
}

std::string EndOf(int exit_code) {
  if (exit_code > 128 && exit_code < 128 + 65) {
    return fmt::format("killed by signal {}", exit_code - 128);
  }
  return fmt::format("exit code {}", exit_code);
}

std::string Bar(const Progress& progress, int width) {
  if (!progress.step || !progress.max_steps || *progress.max_steps <= 0) return "";
  const double share = std::clamp(
      static_cast<double>(*progress.step) / static_cast<double>(*progress.max_steps), 0.0, 1.0);
  const auto full = static_cast<size_t>(share * width);
  return fmt::format("[{}{}]", std::string(full, '#'),
                     std::string(static_cast<size_t>(width) - full, '-'));
}

std::string JobLine(const JobView& view, ScreenSize screen, bool colours) {
  const std::string state = JobState(view);
  const std::string bar = Bar(view.progress, 24);
  const std::string progress = FormatProgress(view.progress);
  const std::string rest =
      CleanLine(fmt::format("  {}{}{}{}{}", bar, bar.empty() ? "" : "  ", progress,
                            progress.empty() ? "" : "  ", FormatElapsed(view.elapsed)),
                screen.columns - static_cast<int>(view.name.size() + state.size()) - 3);
  return fmt::format("{}  {}{}", Paint(view.name, Colour::kBold, colours),
                     Paint(state, StateColour(state), colours), rest);
}

std::string ReplicaLine(const ReplicaInfo& replica, ScreenSize screen, bool colours) {
  std::string facts;
  if (replica.pid != 0) facts = fmt::format("pid {}", replica.pid);
  const bool ended_in_order = replica.state == "succeeded" || replica.state == "stopped";
  if (replica.pid == 0 && replica.has_ended && !ended_in_order) {
    facts = EndOf(replica.exit_code);
  }
  if (replica.restarts > 0) {
    facts += fmt::format("{}{} restart{}", facts.empty() ? "" : ", ", replica.restarts,
                         replica.restarts == 1 ? "" : "s");
  }
  std::string news = replica.message;
  if (const Progress& own = replica.progress; own.step) {
    const Progress shown{.step = own.step, .steps_per_sec = own.steps_per_sec};
    news = fmt::format("{}{}{}", FormatProgress(shown), news.empty() ? "" : "  ", news);
  }
  const std::string state = fmt::format("{:<10}", replica.state);
  return fmt::format("  {:<12} {} {}", replica.id.Name(),
                     Paint(state, StateColour(replica.state), colours),
                     CleanLine(fmt::format("{:<12}  {}", facts, news), screen.columns - 28));
}

}  // namespace

std::string FormatElapsed(std::chrono::milliseconds elapsed) {
  const auto seconds = elapsed.count() / 1000;
  if (seconds < 3600) return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
  return fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

std::string JobState(const JobView& view) {
  if (view.is_interrupted && !view.status.is_finished()) return "stopping";
  if (view.is_queued) return "queued";
  for (auto last = view.status.conditions.rbegin(); last != view.status.conditions.rend(); ++last) {
    if (!last->status) continue;
    std::string name(job::ConditionTypeName(last->type));
    name[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(name[0])));
    return name;
  }
  return "starting";
}

std::string FormatProgress(const Progress& progress) {
  std::vector<std::string> parts;
  if (progress.step && progress.max_steps) {
    parts.push_back(fmt::format("step {}/{}", *progress.step, *progress.max_steps));
  } else if (progress.step) {
    parts.push_back(fmt::format("step {}", *progress.step));
  }
  if (progress.loss) parts.push_back(fmt::format("loss {:.3g}", *progress.loss));
  if (progress.accuracy)
    parts.push_back(fmt::format("accuracy {:.2f} %", 100 * *progress.accuracy));
  if (progress.steps_per_sec)
    parts.push_back(fmt::format("{:.1f} steps/s", *progress.steps_per_sec));
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string FormatReplicaState(const ReplicaInfo& replica) {
  if (replica.pid != 0) return fmt::format("{} (pid {})", replica.state, replica.pid);
  const bool has_reason = replica.state == "failed" || replica.state == "restarting";
  if (!has_reason || !replica.has_ended) return replica.state;
  return fmt::format("{} ({})", replica.state, EndOf(replica.exit_code));
}

std::vector<std::string> FormatBlock(const JobView& view, ScreenSize screen, bool colours) {
  std::vector<std::string> lines = {JobLine(view, screen, colours)};
  const auto room = static_cast<size_t>(std::max(3, screen.rows - 3));
  for (const ReplicaInfo& replica : view.replicas) {
    if (lines.size() == room) {
      lines.push_back(fmt::format("  ... and {} more", view.replicas.size() + 1 - lines.size()));
      break;
    }
    lines.push_back(ReplicaLine(replica, screen, colours));
  }
  return lines;
}

void AppendPrefixed(std::string_view job, const job::ReplicaId& id, std::string_view lines,
                    bool colours, std::string* out) {
  constexpr Colour kColours[] = {Colour::kCyan, Colour::kGreen, Colour::kMagenta, Colour::kYellow,
                                 Colour::kBlue};
  const size_t number = static_cast<size_t>(id.type) * 2 + static_cast<size_t>(id.index);
  const std::string name =
      job.empty() ? fmt::format("[{}]", id.Name()) : fmt::format("[{}/{}]", job, id.Name());
  const std::string prefix = Paint(name, kColours[number % std::size(kColours)], colours) + ' ';
  do {  // an empty line is one, too
    const size_t length = std::min(lines.find('\n'), lines.size());
    out->append(prefix).append(lines.substr(0, length)) += '\n';
    lines.remove_prefix(std::min(length + 1, lines.size()));
  } while (!lines.empty());
}

std::string FormatWarning(const job::Event& event) {
  return fmt::format("warning: {}{}", event.replica ? event.replica->Name() + ": " : "",
                     CleanLine(event.message, 400));
}

std::string FormatCounts(const local::QueueCounts& counts) {
  std::vector<std::string> parts;
  const auto add = [&](int count, std::string_view what) {
    if (count > 0) parts.push_back(fmt::format("{} {}", count, what));
  };
  add(counts.running, "running");
  add(counts.queued, "queued");
  add(counts.succeeded, "succeeded");
  add(counts.failed, "failed");
  add(counts.stopped, "stopped");
  add(counts.suspended, "suspended");
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::vector<std::string> FormatQueueBlock(const std::vector<const JobView*>& running,
                                          const local::QueueCounts& counts,
                                          std::chrono::milliseconds elapsed, ScreenSize screen,
                                          bool colours) {
  const std::string heading = CleanLine(
      fmt::format("  {}  {}", FormatCounts(counts), FormatElapsed(elapsed)), screen.columns - 4);
  std::vector<std::string> lines = {Paint("jobs", Colour::kBold, colours) + heading};
  const auto room = static_cast<size_t>(std::max(3, screen.rows - 3));
  for (const JobView* view : running) {
    if (lines.size() == room) {
      lines.push_back(fmt::format("  ... and {} more", running.size() + 1 - lines.size()));
      break;
    }
    lines.push_back("  " + JobLine(*view, {screen.columns - 2, screen.rows}, colours));
  }
  return lines;
}

std::string FormatSuspended(std::string_view job_name) {
  return fmt::format(
      "job {0} is suspended; to start it: trainyard run --resume {0} --set "
      "spec.runPolicy.suspend=false",
      job_name);
}

std::string FormatEnd(const local::RunOutcome& outcome) {
  const JobView& view = outcome.view;
  std::string text = JobState(view);
  if (outcome.exit_code == 130) text = "stopped " + outcome.stop_reason;
  if (outcome.is_suspended) return text;
  if (outcome.exit_code != 130 || !view.is_queued) {
    text += fmt::format(" after {}", FormatElapsed(view.elapsed));
  }
  if (view.progress.accuracy) {
    text += fmt::format(", accuracy {:.2f} %", 100 * *view.progress.accuracy);
  }
  return text;
}

std::string ShortPath(std::string_view path, std::string_view directory) {
  const bool is_below = path.size() > directory.size() + 1 && path.starts_with(directory) &&
                        path[directory.size()] == '/';
  return std::string(is_below ? path.substr(directory.size() + 1) : path);
}

std::string FormatSummary(const local::RunOutcome& outcome, std::string_view directory) {
  const JobView& view = outcome.view;
  std::string state = JobState(view);
  if (outcome.exit_code == 130) state = "stopped " + outcome.stop_reason;
  if (outcome.is_suspended) return FormatSuspended(view.name) + "\n";
  std::string text =
      fmt::format("job {} {} after {}\n", view.name, state, FormatElapsed(view.elapsed));
  const Progress& progress = view.progress;
  if (progress.accuracy) {
    text += fmt::format("  accuracy  {:.2f} %", 100 * *progress.accuracy);
    if (progress.eval_step) text += fmt::format(" at step {}", *progress.eval_step);
    text += '\n';
  }
  if (progress.step) text += fmt::format("  steps     {}\n", *progress.step);
  if (const int restarts = view.status.total_restarts(); restarts > 0) {
    text += fmt::format("  restarts  {}\n", restarts);
  }
  const std::string place = ShortPath(view.workdir, directory);
  text += fmt::format("  results   {}/\n  logs      {}/logs/\n", place, place);
  if (outcome.exit_code == 130)
    text += fmt::format("  go on     trainyard run --resume {}\n", view.name);
  return text;
}

std::string FormatFailure(const local::RunOutcome& outcome, std::string_view directory) {
  const JobView& view = outcome.view;
  if (!outcome.failure) {
    return fmt::format("job {} failed: {}\n", view.name,
                       view.status.conditions.empty() ? "" : view.status.conditions.back().message);
  }
  const local::ReplicaFailure& failure = *outcome.failure;
  std::string text =
      fmt::format("job {} failed: {} ended with {}; its log is {}", view.name, failure.id.Name(),
                  EndOf(failure.exit_code), ShortPath(failure.log_path, directory));
  text += failure.last_lines.empty() ? " and says nothing\n" : " and ends:\n";
  for (const std::string& line : failure.last_lines) {
    text += fmt::format("  | {}\n", CleanLine(line, 400));
  }
  return text;
}

}  // namespace trainyard::cli

#include "cli/queue_observers.h"

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <utility>

#include "cli/job_observers.h"
#include "cli/job_report.h"
#include "cli/terminal.h"

namespace trainyard::cli {
namespace {

using local::JobView;
using local::QueueCounts;
using local::RunOutcome;
using Clock = std::chrono::steady_clock;

// An observer of its own for each job.
class EachObserver : public local::QueueObserver {
 public:
  EachObserver(QueueScreen screen, std::vector<std::unique_ptr<JobObserver>> observers)
      : screen_(std::move(screen)), observers_(std::move(observers)) {}

  local::RunObserver& ObserverOf(size_t number) override { return *observers_[number]; }

  void OnEnd(size_t number, const Result<RunOutcome>& outcome) override {
    JobObserver& observer = *observers_[number];
    if (!outcome.ok()) {
      observer.OnError(outcome.status());
      fmt::print(screen_.errors, "trainyard run: {}\n", outcome.status().message());
      return;
    }
    observer.OnEnd(*outcome);
    if (outcome->exit_code == 1) {
      fmt::print(screen_.errors, "trainyard run: {}", FormatFailure(*outcome, screen_.directory));
    }
  }

  void OnRound(const QueueCounts&) override {}

 private:
  const QueueScreen screen_;
  const std::vector<std::unique_ptr<JobObserver>> observers_;
};

// One block on a terminal for all jobs; what has ended scrolls by above it.
class LiveQueueObserver : public local::QueueObserver {
 public:
  LiveQueueObserver(QueueScreen screen, const std::vector<std::string>& jobs)
      : screen_(std::move(screen)), colours_(MayUseColour(fileno(screen_.out))) {
    for (const std::string& job : jobs) jobs_.push_back(std::make_unique<Job>(*this, job));
  }

  local::RunObserver& ObserverOf(size_t number) override { return *jobs_[number]; }

  void OnEnd(size_t number, const Result<RunOutcome>& outcome) override {
    Job& job = *jobs_[number];
    job.view.reset();
    if (!outcome.ok()) {
      pending_ += fmt::format("job {}: {}\n", job.name, outcome.status().message());
    } else if (outcome->exit_code == 1) {
      pending_ += FormatFailure(*outcome, screen_.directory);
    } else if (outcome->is_suspended) {
      pending_ += FormatSuspended(job.name) + "\n";
    } else {
      pending_ += fmt::format("job {} {}\n", job.name, FormatEnd(*outcome));
    }
  }

  void OnRound(const QueueCounts& counts) override {
    const auto now = Clock::now();
    const bool has_changed = counts != last_counts_;
    if (!has_changed && pending_.empty() && now - last_draw_ < std::chrono::milliseconds(100)) {
      return;
    }
    last_counts_ = counts;
    last_draw_ = now;
    Redraw();
  }

 private:
  struct Job : local::RunObserver {
    Job(LiveQueueObserver& all_jobs, std::string job_name)
        : all(all_jobs), name(std::move(job_name)) {}

    void OnUpdate(const JobView& update) override { view = update; }
    void OnLog(const job::ReplicaId& id, std::string_view line) override { OnLogLines(id, line); }
    void OnLogLines(const job::ReplicaId& id, std::string_view lines) override {
      AppendPrefixed(name, id, lines, all.colours_, &all.pending_);
      if (all.pending_.size() > (1 << 16)) all.Redraw();
    }
    void OnNote(std::string_view note) override {
      all.pending_ += fmt::format("{}: note: {}\n", name, note);
    }
    void OnEvent(const job::Event& event) override {
      if (event.is_warning) all.pending_ += fmt::format("{}: {}\n", name, FormatWarning(event));
    }

    LiveQueueObserver& all;
    const std::string name;
    std::optional<JobView> view;  // while it runs
  };

  void Redraw() {
    std::vector<const JobView*> running;
    bool is_stopping = false;
    for (const auto& job : jobs_) {
      if (!job->view) continue;
      running.push_back(&*job->view);
      is_stopping = is_stopping || job->view->is_interrupted;
    }
    const auto elapsed =
        std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - started_at_);
    std::vector<std::string> block =
        FormatQueueBlock(running, last_counts_, elapsed, SizeOf(fileno(screen_.out)), colours_);
    if (is_stopping) block.push_back("  jobs are being stopped; Ctrl-C again kills them");
    std::string text;
    if (drawn_lines_ > 0) text = fmt::format("\r\x1b[{}A\x1b[J", drawn_lines_);
    text += std::exchange(pending_, {});
    for (const std::string& line : block) text += line + '\n';
    drawn_lines_ = block.size();
    std::fwrite(text.data(), 1, text.size(), screen_.out);
    std::fflush(screen_.out);
  }

  const QueueScreen screen_;
  const bool colours_;
  const Clock::time_point started_at_ = Clock::now();
  std::vector<std::unique_ptr<Job>> jobs_;
  std::string pending_;
  QueueCounts last_counts_;
  size_t drawn_lines_ = 0;
  Clock::time_point last_draw_{};
};

}  // namespace

std::unique_ptr<local::QueueObserver> MakeQueueObserver(RunOutput output, QueueScreen screen,
                                                        const std::vector<std::string>& jobs) {
  const bool is_alone = jobs.size() == 1;
  if (output == RunOutput::kLive && !is_alone) {
    return std::make_unique<LiveQueueObserver>(std::move(screen), jobs);
  }
  std::vector<std::unique_ptr<JobObserver>> observers;
  for (const std::string& job : jobs) {
    switch (output) {
      case RunOutput::kLive:
        observers.push_back(MakeLiveObserver(screen.out, screen.directory));
        break;
      case RunOutput::kPlain:
        observers.push_back(MakePlainObserver(
            screen.out, {.job = is_alone ? "" : job, .directory = screen.directory}));
        break;
      case RunOutput::kJson:
        observers.push_back(MakeJsonObserver(screen.out, job));
        break;
    }
  }
  return std::make_unique<EachObserver>(std::move(screen), std::move(observers));
}

}  // namespace trainyard::cli

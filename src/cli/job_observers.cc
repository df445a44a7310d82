#include "cli/job_observers.h"

#include <fmt/format.h>

#include <map>

#include <nlohmann/json.hpp>

#include "cli/job_report.h"

namespace trainyard::cli {
namespace {

using local::JobView;
using local::ReplicaInfo;
using local::RunOutcome;
using Clock = std::chrono::steady_clock;

void Write(std::FILE* out, std::string_view text) { std::fwrite(text.data(), 1, text.size(), out); }

class LiveObserver : public JobObserver {
 public:
  LiveObserver(std::FILE* out, std::string directory)
      : out_(out), directory_(std::move(directory)), colours_(MayUseColour(fileno(out))) {}

  void OnNote(std::string_view note) override { pending_ += fmt::format("note: {}\n", note); }

  void OnEvent(const job::Event& event) override {
    if (event.is_warning) pending_ += FormatWarning(event) + "\n";
  }

  void OnLog(const job::ReplicaId& id, std::string_view line) override { OnLogLines(id, line); }

  void OnLogLines(const job::ReplicaId& id, std::string_view lines) override {
    AppendPrefixed("", id, lines, colours_, &pending_);
    if (pending_.size() > (1 << 16)) Redraw({});
  }

  void OnUpdate(const JobView& view) override {
    const auto now = Clock::now();
    const bool has_changed = JobState(view) != last_state_;
    if (!has_changed && pending_.empty() && now - last_draw_ < std::chrono::milliseconds(100)) {
      return;
    }
    last_draw_ = now;
    last_state_ = JobState(view);
    std::vector<std::string> block = FormatBlock(view, SizeOf(fileno(out_)), colours_);
    if (last_state_ == "stopping") {
      block.push_back("  replicas are being stopped; Ctrl-C again kills them");
    }
    Redraw(block);
  }

  void OnEnd(const RunOutcome& outcome) override {
    Redraw(FormatBlock(outcome.view, SizeOf(fileno(out_)), colours_));
    Write(out_, FormatSummary(outcome, directory_));
    std::fflush(out_);
  }

  void OnError(const Status&) override { Redraw({}); }

 private:
  // Replaces the last block by the log lines that came since and the new block.
  void Redraw(const std::vector<std::string>& block) {
    std::string text;
    if (drawn_lines_ > 0) text = fmt::format("\r\x1b[{}A\x1b[J", drawn_lines_);
    text += std::exchange(pending_, {});
    for (const std::string& line : block) text += line + '\n';
    drawn_lines_ = block.size();
    Write(out_, text);
    std::fflush(out_);
  }

  std::FILE* const out_;
  const std::string directory_;
  const bool colours_;
  std::string pending_;
  size_t drawn_lines_ = 0;
  std::string last_state_;
  Clock::time_point last_draw_{};
};

class PlainObserver : public JobObserver {
 public:
  PlainObserver(std::FILE* out, PlainStyle style) : out_(out), style_(std::move(style)) {}

  void OnNote(std::string_view note) override {
    Write(out_, fmt::format("{}note: {}\n", Prefix(": "), note));
    std::fflush(out_);
  }

  void OnEvent(const job::Event& event) override {
    if (event.is_warning) Write(out_, fmt::format("{}{}\n", Prefix(": "), FormatWarning(event)));
  }

  void OnLog(const job::ReplicaId& id, std::string_view line) override { OnLogLines(id, line); }

  void OnLogLines(const job::ReplicaId& id, std::string_view lines) override {
    prefixed_.clear();
    AppendPrefixed(style_.job, id, lines, style_.colours, &prefixed_);
    Write(out_, prefixed_);
  }

  void OnUpdate(const JobView& view) override {
    for (const ReplicaInfo& replica : view.replicas) {
      const std::string state = FormatReplicaState(replica);
      std::string& shown = replica_states_[replica.id];
      if (state == shown || state == "waiting" || state == "starting") continue;
      shown = state;
      Line(view, fmt::format("{}{}: {}", Prefix("/"), replica.id.Name(), state));
    }
    if (const std::string state = JobState(view); state != last_state_) {
      last_state_ = state;
      Line(view, fmt::format("job {}: {}", view.name, state));
    }
    const std::string progress = FormatProgress(view.progress);
    if (!view.progress.step || progress == last_progress_ ||
        Clock::now() - last_progress_time_ < style_.progress_interval) {
      return std::fflush(out_), void();
    }
    last_progress_ = progress;
    last_progress_time_ = Clock::now();
    Line(view, Prefix(": ") + progress);
    std::fflush(out_);
  }

  void OnEnd(const RunOutcome& outcome) override {
    if (style_.job.empty()) {
      Write(out_, FormatSummary(outcome, style_.directory));
    } else {
      Line(outcome.view, fmt::format("job {} {}", style_.job, FormatEnd(outcome)));
      if (outcome.is_suspended) Write(out_, FormatSuspended(style_.job) + "\n");
    }
    std::fflush(out_);
  }

  void OnError(const Status&) override { std::fflush(out_); }

 private:
  std::string Prefix(std::string_view separator) const {
    return style_.job.empty() ? "" : fmt::format("{}{}", style_.job, separator);
  }

  void Line(const JobView& view, const std::string& text) {
    Write(out_, fmt::format("[{}] {}\n", FormatElapsed(view.elapsed), text));
  }

  std::FILE* const out_;
  const PlainStyle style_;
  std::map<job::ReplicaId, std::string> replica_states_;
  std::string last_state_;
  std::string last_progress_;
  Clock::time_point last_progress_time_{};
  std::string prefixed_;  // kept for its memory
};

using Json = nlohmann::ordered_json;

template <class T>
void PutIf(const char* key, const std::optional<T>& value, Json* object) {
  if (value) (*object)[key] = *value;
}

class JsonObserver : public JobObserver {
 public:
  JsonObserver(std::FILE* out, std::string job) : out_(out), job_(std::move(job)) {}

  void OnNote(std::string_view note) override { Emit("note", {{"message", note}}); }

  void OnEvent(const job::Event& event) override {
    Json fields = {{"type", event.is_warning ? "Warning" : "Normal"},
                   {"reason", event.reason},
                   {"message", event.message}};
    if (event.replica) fields["replica"] = event.replica->Name();
    Emit("event", fields);
  }

  void OnLog(const job::ReplicaId& id, std::string_view line) override {
    Emit("log", {{"replica", id.Name()}, {"line", line}});
  }

  void OnUpdate(const JobView& view) override {
    for (const ReplicaInfo& replica : view.replicas) EmitReplica(replica);
    const std::string state = JobState(view);
    if (state != last_state_) {
      last_state_ = state;
      Json event = {{"state", state}};
      if (!view.status.conditions.empty()) {
        event["reason"] = view.status.conditions.back().reason;
        event["message"] = view.status.conditions.back().message;
      }
      Emit("job", event);
    }
    if (view.progress == last_progress_ ||
        Clock::now() - last_progress_time_ < std::chrono::seconds(1)) {
      return;
    }
    last_progress_ = view.progress;
    last_progress_time_ = Clock::now();
    Json event = Json::object();
    PutProgress(view.progress, &event);
    Emit("progress", event);
  }

  void OnEnd(const RunOutcome& outcome) override {
    Json event = {{"result", JobState(outcome.view)},
                  {"exit_code", outcome.exit_code},
                  {"seconds", static_cast<double>(outcome.view.elapsed.count()) / 1000},
                  {"restarts", outcome.view.status.total_restarts()},
                  {"workdir", outcome.view.workdir}};
    if (outcome.exit_code == 130) event["result"] = "interrupted";
    PutProgress(outcome.view.progress, &event);
    if (outcome.failure) {
      event["failure"] = {{"replica", outcome.failure->id.Name()},
                          {"exit_code", outcome.failure->exit_code},
                          {"log", outcome.failure->log_path},
                          {"last_lines", outcome.failure->last_lines}};
    }
    Emit("result", event);
  }

  void OnError(const Status& status) override {
    Emit("result", {{"result", "error"}, {"exit_code", 1}, {"message", status.message()}});
  }

 private:
  void EmitReplica(const ReplicaInfo& replica) {
    const std::string state = FormatReplicaState(replica);
    std::string& shown = replica_states_[replica.id];
    if (state == shown) return;
    shown = state;
    Json event = {
        {"replica", replica.id.Name()}, {"state", replica.state}, {"restarts", replica.restarts}};
    if (replica.pid != 0) event["pid"] = replica.pid;
    if (replica.has_ended) event["exit_code"] = replica.exit_code;
    Emit("replica", event);
  }

  static void PutProgress(const local::Progress& progress, Json* event) {
    PutIf("step", progress.step, event);
    PutIf("max_steps", progress.max_steps, event);
    PutIf("loss", progress.loss, event);
    PutIf("steps_per_sec", progress.steps_per_sec, event);
    PutIf("accuracy", progress.accuracy, event);
    PutIf("eval_step", progress.eval_step, event);
  }

  void Emit(const char* kind, const Json& fields) {
    const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
    Json event = {{"event", kind},
                  {"time", static_cast<double>(since_epoch / std::chrono::milliseconds(1)) / 1000},
                  {"job", job_}};
    event.update(fields);
    // A log line need not be UTF-8.
    Write(out_, event.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
    std::fflush(out_);
  }

  std::FILE* const out_;
  const std::string job_;
  std::map<job::ReplicaId, std::string> replica_states_;
  std::string last_state_;
  local::Progress last_progress_;
  Clock::time_point last_progress_time_{};
};

}  // namespace

std::unique_ptr<JobObserver> MakeLiveObserver(std::FILE* out, std::string directory) {
  return std::make_unique<LiveObserver>(out, std::move(directory));
}

std::unique_ptr<JobObserver> MakePlainObserver(std::FILE* out, PlainStyle style) {
  return std::make_unique<PlainObserver>(out, std::move(style));
}

std::unique_ptr<JobObserver> MakeJsonObserver(std::FILE* out, std::string job) {
  return std::make_unique<JsonObserver>(out, std::move(job));
}

}  // namespace trainyard::cli

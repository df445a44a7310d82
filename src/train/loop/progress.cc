#include "train/loop/progress.h"

#include <fcntl.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>

#include <nlohmann/json.hpp>

namespace trainyard::train {

using nlohmann::ordered_json;

std::string FormatProgress(const ProgressEvent& event, double time) {
  ordered_json line = {{"time", time}, {"phase", event.phase}};
  const auto add = [&line](const char* key, const auto& value) {
    if (value.has_value()) line[key] = *value;
  };
  add("step", event.step);
  add("max_steps", event.max_steps);
  // JSON has no NaN; a diverged loss is told by the phase and message of the failure.
  if (event.loss.has_value() && std::isfinite(*event.loss)) line["loss"] = *event.loss;
  add("steps_per_sec", event.steps_per_sec);
  add("eval_step", event.eval_step);
  if (const auto accuracy = event.metrics.find("accuracy"); accuracy != event.metrics.end()) {
    line["accuracy"] = accuracy->second;
  }
  if (!event.metrics.empty()) line["metrics"] = event.metrics;
  if (!event.message.empty()) line["message"] = event.message;
  return line.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

ProgressReporter::ProgressReporter()
    : ProgressReporter([] {
        const char* path = std::getenv("TRAINYARD_PROGRESS_FILE");
        return std::string(path == nullptr ? "" : path);
      }()) {}

ProgressReporter::ProgressReporter(const std::string& path) {
  if (!path.empty()) {
    fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  }
}

ProgressReporter::~ProgressReporter() {
  if (fd_ >= 0) ::close(fd_);
}

void ProgressReporter::Report(const ProgressEvent& event) {
  const std::lock_guard lock(mutex_);
  if (fd_ < 0) return;
  last_line_ = std::chrono::steady_clock::now();
  const std::chrono::duration<double> since_epoch =
      std::chrono::system_clock::now().time_since_epoch();
  const std::string line = FormatProgress(event, since_epoch.count()) + '\n';
  // One write of a short line to a file opened for appending is not torn by other writers.
  [[maybe_unused]] const ssize_t written = ::write(fd_, line.data(), line.size());
}

void ProgressReporter::ReportSometimes(const ProgressEvent& event) {
  constexpr std::chrono::milliseconds kInterval(200);
  {
    const std::lock_guard lock(mutex_);
    if (fd_ < 0 || std::chrono::steady_clock::now() - last_line_ < kInterval) return;
  }
  Report(event);
}

}  // namespace trainyard::train

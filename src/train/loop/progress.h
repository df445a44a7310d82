// Tells whoever started this process how training goes (docs/contracts/progress.md).
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace trainyard::train {

// What happened; fields that are not known stay out of the line.
struct ProgressEvent {
  std::string_view phase;  // waiting, training, evaluating, exporting, finished, stopped, failed
  std::optional<int64_t> step = {};
  std::optional<int64_t> max_steps = {};
  std::optional<double> loss = {};
  std::optional<double> steps_per_sec = {};
  std::optional<int64_t> eval_step = {};
  std::map<std::string, double> metrics = {};  // of the evaluation at eval_step
  std::string message = {};
};

// Appends JSON lines to the file that TRAINYARD_PROGRESS_FILE names; does nothing without it. Lines
// are written whole. Reporting never fails training: an unwritable file is ignored. Thread-safe.
class ProgressReporter {
 public:
  ProgressReporter();
  explicit ProgressReporter(const std::string& path);
  ~ProgressReporter();
  ProgressReporter(const ProgressReporter&) = delete;
  ProgressReporter& operator=(const ProgressReporter&) = delete;

  void Report(const ProgressEvent& event);
  // The same, unless the last line is younger than 200 ms: for events as frequent as steps.
  void ReportSometimes(const ProgressEvent& event);

 private:
  std::mutex mutex_;
  int fd_ = -1;
  std::chrono::steady_clock::time_point last_line_;
};

// The line for an event, without a newline. `time` is in seconds since 1970.
std::string FormatProgress(const ProgressEvent& event, double time);

}  // namespace trainyard::train

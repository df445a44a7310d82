// Moves one replica's output from the pipe it prints into to its log.
//
// Owned by GuardianLoop, which asks for a little at a time, so that no replica keeps others
// waiting. Thread-compatible.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/status.h"
#include "local/logs/log_file.h"

namespace trainyard::local {

class OutputPump {
 public:
  // Owns `pipe`, the non-blocking end to read from; -1 if there is none.
  OutputPump(int pipe, LogFile log) : pipe_(pipe), log_(std::move(log)) {}
  ~OutputPump();
  OutputPump(const OutputPump&) = delete;
  OutputPump& operator=(const OutputPump&) = delete;

  // What to poll for input; -1 if there is nothing to come, or not before a reader has caught up.
  int fd() const { return is_held() ? -1 : pipe_; }
  // The log does not take more before a reader has caught up: ask again in a few milliseconds.
  bool is_held() const { return !held_.empty(); }

  // Moves what is there, at most one buffer full.
  void Pump(std::span<char> buffer);

  // The replica has ended: what is in the pipe now is the last that matters. Something that hides
  // from us may hold the other end open, so the end of the pipe is not waited for.
  void SetLast();
  // After SetLast(): moves what is left; true once all is in the log.
  bool Drain(std::span<char> buffer);

  LogFile& log() { return log_; }

 private:
  size_t MoveSome(std::span<char> buffer);

  int pipe_;
  LogFile log_;
  std::string held_;  // read but not taken by the log
  size_t last_bytes_ = 0;
};

// A pipe for a replica to print into: its end, which blocks, and ours, which does not. Both close
// on exec.
struct OutputPipe {
  int reader = -1;
  int writer = -1;
};
Result<OutputPipe> MakeOutputPipe();

}  // namespace trainyard::local

// One line of JSON for each request, on demand: who asked what, and how it ended. Never what was
// asked or answered, and no tokens.
//
// {"time":"2026-05-04T10:11:12.123456Z","peer":"127.0.0.1:40000","api":"Predict",
//  "entrypoint":"GRPC","model":"digits","version":3,"signature":"serving_default","code":"OK",
//  "microseconds":420,"request_bytes":3155,"response_bytes":98}
//
// Thread-safe. Requests never wait for the file: their lines go through a bounded buffer, written
// by a thread of its own; lines that do not fit are dropped, counted, and reported in the log
// itself. The destructor writes what is left.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/status.h"
#include "serving/metrics/request_record.h"

namespace trainyard::serving {

class AccessLog {
 public:
  struct Options {
    std::string path{};            // appended to; "stderr" for standard error
    double share = 1;              // of the requests, evenly spread; failures are always logged
    size_t max_waiting = 1 << 20;  // bytes of lines not written yet
  };
  // The file's error if it cannot be opened for appending; InvalidArgument if `share` is not in
  // (0, 1].
  static Result<std::unique_ptr<AccessLog>> Open(const Options& options);
  ~AccessLog();
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  void Write(const RequestRecord& record);

 private:
  AccessLog(const Options& options, std::FILE* file);
  bool IsChosen(const RequestRecord& record);
  void Run(const std::stop_token& stop);

  const Options options_;
  std::FILE* const file_;  // ours to close, unless it is standard error
  std::atomic<uint64_t> seen_{0};

  std::mutex mutex_;
  std::condition_variable_any arrived_;
  std::string waiting_;  // guarded by mutex_
  int64_t dropped_ = 0;  // guarded by mutex_

  std::jthread writer_;  // last: stops before anything above goes
};

// The line, with its end; `now` is the time it is about. Pure. Names are cut after 256 bytes.
std::string FormatAccessLine(const RequestRecord& record,
                             std::chrono::system_clock::time_point now);

}  // namespace trainyard::serving

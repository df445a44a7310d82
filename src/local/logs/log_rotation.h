// When and how a replica's log is cut into files.
//
//   worker-0.log     being written
//   worker-0.log.1   the one before it, whole
//   worker-0.log.2   ...                                 up to LogLimits::max_files in all
//
// Pure; thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace trainyard::local {

// The name of the file that was rotated `number` times; `path` itself for 0.
std::string RotatedPath(const std::string& path, int number);

// What of some output goes into the current file before it is rotated.
struct LogCut {
  size_t bytes = 0;
  bool rotate = false;  // after those bytes; what is left belongs into the next file

  friend bool operator==(const LogCut&, const LogCut&) = default;
};

// Where the current file stands. Offsets from its start.
struct LogPosition {
  int64_t size = 0;
  int64_t line_start = 0;  // of its last, unfinished line; `size` if there is none
};

// Cuts at the last line end that keeps the file within max_bytes (0: no limit). A line that has
// been begun in this file is finished in it, so the file may grow beyond the limit by less than
// one line; only a line longer than the whole limit is cut.
LogCut PlanLogCut(const LogPosition& position, std::string_view output, int64_t max_bytes);

}  // namespace trainyard::local

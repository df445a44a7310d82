// The pure parts of following a log: which lines have been told already, and whether a container
// will write any more. Thread-compatible.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/status.h"
#include "kube/object.h"

namespace trainyard::kube {

// "2026-11-25T21:00:03.123456789Z text" taken apart. Without a time, all of it is text.
struct StampedLine {
  std::optional<TimePoint> time{};
  std::string_view text{};
  std::string_view whole{};
};
StampedLine SplitStamp(std::string_view line);

// Remembers how far a log has been told, over streams that begin again at a whole second.
//
// Of the last second the lines are remembered (as hashes), not only the last time: a container's
// two outputs are stamped apart, so that lines may stand in a log a little out of order.
class LogProgress {
 public:
  // A stream begins, from since() on: what it repeats is left out.
  void BeginStream();
  // True for a line that has not been told yet, which is told then. Lines without a time always
  // are.
  bool IsNew(const StampedLine& line);
  // Where the next stream may begin; nullopt: from the start, nothing has been told.
  std::optional<TimePoint> since() const;

 private:
  using Counts = std::unordered_map<size_t, uint32_t>;

  std::optional<std::chrono::sys_seconds> second_;  // the latest that a line was told of
  Counts told_;                                     // lines of that second
  std::optional<std::chrono::sys_seconds> begin_;   // of this stream; nullopt: of the log
  Counts expected_;                                 // lines that this stream is still to repeat
};

// What a pod says about the container whose log is followed.
struct LogSource {
  enum class State {
    kWaiting,  // it has not started yet, or will start again
    kRunning,
    kEnded,  // and will not start again
  };
  State state = State::kWaiting;
  bool has_log = false;  // it has run, if not in this instance
  std::string pod_uid{};
  std::string container{};
};

// InvalidArgument if `container` is not in the pod, or is empty and there are several.
Result<LogSource> FindLogSource(const Json& pod, const std::string& container);

}  // namespace trainyard::kube

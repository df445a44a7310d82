// A replica's log as the guardian writes it.
//
// Rotates by PlanLogCut(). A file that a reader follows losslessly (LineReader::Mode::kEveryLine)
// carries the reader's lock, and is not deleted before the reader has gone on to the next one;
// until then nothing more is taken, and the replica waits at its full pipe. A reader that is gone
// holds no lock.
//
// A disk that is full costs output but never the run: what could not be written is counted, and a
// line says so as soon as there is room again. Owned by one OutputPump; thread-compatible.
//
//   LogFile log("logs/worker-0.log", LogLimits{});
//   log.Mark("start of worker-0");
//   size_t taken = log.Write("hello\n");
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "local/launch/launch_options.h"
#include "local/logs/log_rotation.h"

namespace trainyard::local {

// Begins every line that Trainyard itself writes into a log.
inline constexpr std::string_view kLogMarker = "----- trainyard: ";

// Deletes the oldest of the files that are too many, and how many rotated ones are left: more than
// max_files - 1 if readers hold them that are to be heeded.
int PruneLog(const std::string& path, int max_files, bool heeds_readers);

class LogFile {
 public:
  // Goes on where the file ends, if it is there.
  LogFile(std::string path, LogLimits limits);
  ~LogFile();
  LogFile(LogFile&& other) noexcept;
  LogFile& operator=(LogFile&&) = delete;

  // Appends and returns how much of the output was taken: less than all of it while a reader is too
  // far behind. What the disk refuses counts as taken.
  size_t Write(std::string_view output);

  // A line of Trainyard's own: marker, time, text.
  void Mark(std::string_view text);

  // From now on readers are not waited for.
  void ForgetReaders() { heeds_readers_ = false; }

 private:
  // kHeld: a reader is behind. kFailed: the file system refuses; the current file goes on.
  enum class Rotation { kDone, kHeld, kFailed };

  bool Open();
  Rotation Rotate();
  void Append(std::string_view bytes);
  size_t WriteSome(std::string_view bytes);
  std::string MarkedLine(std::string_view text) const;

  std::string path_;
  LogLimits limits_;
  int fd_ = -1;
  bool heeds_readers_ = true;
  LogPosition position_;
  int64_t dropped_bytes_ = 0;
  int drop_error_ = 0;  // errno of the last write that failed
};

}  // namespace trainyard::local

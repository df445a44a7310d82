// Follows a file that others append to, line by line, also when it is rotated (log_rotation.h).
// Thread-compatible.
//
//   LineReader lines("worker-0.log");
//   lines.SkipToEnd();
//   lines.Poll([](std::string_view line) { Print(line); });
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace trainyard::local {

// Gives each line of `lines`, without its end.
void ForEachLine(std::string_view lines, const std::function<void(std::string_view)>& take);

class LineReader {
 public:
  // kEveryLine: the writer of a log (LogFile) does not delete a file before it has been read here;
  // it waits if need be. kMayMiss: it does not wait; a reader that is too slow goes on at the
  // oldest file there is.
  enum class Mode { kEveryLine, kMayMiss };

  explicit LineReader(std::string path, Mode mode = Mode::kMayMiss)
      : path_(std::move(path)), mode_(mode) {}
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  // Passes over what is in the file now. Under kEveryLine makes the file if it is not there, so
  // that no line of it can be missed later.
  void SkipToEnd();

  // Begins with the oldest rotated file that is there, instead of the current one.
  void StartAtOldest();

  // Gives what has been completed since the last call in blocks of whole lines, each line with its
  // end; at most about max_bytes, so that one chatty replica cannot starve the others. A file that
  // is not there yet has no lines. A line longer than 1 MiB comes in pieces. True if there may be
  // more right now.
  bool PollBlocks(const std::function<void(std::string_view)>& take,
                  size_t max_bytes = size_t{64} << 20);
  // The same line by line, without their ends.
  bool Poll(const std::function<void(std::string_view)>& take, size_t max_bytes = size_t{64} << 20);

  // Gives what stands after the last line end, if anything, as a line without its end: the file
  // will not grow any more.
  void Flush(const std::function<void(std::string_view)>& take);

 private:
  bool Open();
  void Hold(int fd) const;
  void Split(std::string_view bytes, const std::function<void(std::string_view)>& take);
  void GivePartial(const std::function<void(std::string_view)>& take);
  bool Advance(const std::function<void(std::string_view)>& take);
  int FindNumber() const;
  int OpenNext() const;

  std::string path_;
  Mode mode_;
  int fd_ = -1;
  bool is_whole_ = false;  // the file in hand has been rotated: its writer is done with it
  std::string partial_;
};

}  // namespace trainyard::local

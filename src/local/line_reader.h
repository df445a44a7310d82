// Follows a file that others append to, line by line. Thread-compatible.
//
//   LineReader lines("worker-0.log");
//   lines.SkipToEnd();
//   lines.Poll([](std::string_view line) { Print(line); });
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace trainyard::local {

class LineReader {
 public:
  explicit LineReader(std::string path) : path_(std::move(path)) {}
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  // Passes over what is in the file now.
  void SkipToEnd();

  // Gives every line that has been completed since the last call, without its end; at most about
  // max_bytes of them, so that one chatty replica cannot starve the others. A file that is not
  // there yet has no lines. A line longer than 1 MiB comes in pieces. True if there may be more
  // right now.
  bool Poll(const std::function<void(std::string_view)>& take, size_t max_bytes = 64u << 20);

  // Gives what stands after the last line end, if anything: the file will not grow any more.
  void Flush(const std::function<void(std::string_view)>& take);

 private:
  bool Open();

  std::string path_;
  int fd_ = -1;
  std::string partial_;
};

}  // namespace trainyard::local

// Whole lines out of pieces of text that come as the network likes. Thread-compatible.
//
// Lines that lie within one piece are handed over without a copy; of one that spans pieces each
// byte is copied and looked at once.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace trainyard::kube {

class LineSplitter {
 public:
  using OnLine = std::function<Status(std::string_view line)>;

  explicit LineSplitter(size_t max_line_bytes) : max_line_bytes_(max_line_bytes) {}

  // Calls `on_line` for each line that is whole now, without its "\n". The first failure ends it
  // and is returned; ResourceExhausted for a line that is too long.
  Status Feed(std::string_view piece, const OnLine& on_line);

  // The end: what is left is a line, too.
  Status Finish(const OnLine& on_line);

 private:
  const size_t max_line_bytes_;
  std::string begun_;  // a line whose end has not come yet
};

}  // namespace trainyard::kube

#include "tf/internal/handles.h"

namespace trainyard::tf::internal {

std::string OneLine(std::string_view message) {
  std::string joined;
  while (!message.empty()) {
    const size_t end = message.find('\n');
    std::string_view line = message.substr(0, end);
    message = end == std::string_view::npos ? std::string_view() : message.substr(end + 1);
    const size_t start = line.find_first_not_of(" \t");
    if (start == std::string_view::npos) continue;
    line.remove_prefix(start);
    if (line.starts_with("=====") || line.starts_with("Additional GRPC error information") ||
        line.starts_with(":UNKNOWN:") || line.starts_with("{\"created\"")) {
      continue;
    }
    joined += joined.empty() ? "" : " ";
    joined += line;
  }
  return joined;
}

}  // namespace trainyard::tf::internal

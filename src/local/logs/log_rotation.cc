#include "local/logs/log_rotation.h"

#include <algorithm>

namespace trainyard::local {

std::string RotatedPath(const std::string& path, int number) {
  return number == 0 ? path : path + '.' + std::to_string(number);
}

LogCut PlanLogCut(const LogPosition& position, std::string_view output, int64_t max_bytes) {
  const auto length = static_cast<int64_t>(output.size());
  if (max_bytes <= 0 || position.size + length <= max_bytes) return {output.size(), false};
  // The next file is begun when there is something to put into it.
  const auto cut_after = [&](size_t bytes) { return LogCut{bytes, bytes < output.size()}; };
  const auto room = static_cast<size_t>(std::max<int64_t>(max_bytes - position.size, 0));
  const size_t last_end = output.substr(0, room).rfind('\n');
  if (last_end != std::string_view::npos) return cut_after(last_end + 1);
  const bool at_line_start = position.line_start == position.size;
  if (at_line_start && position.size > 0) return cut_after(0);
  // In the midst of a line: it may grow to max_bytes by itself.
  const auto line_room =
      static_cast<size_t>(std::max<int64_t>(position.line_start + max_bytes - position.size, 0));
  const size_t line_end = output.substr(0, line_room).find('\n');
  if (line_end != std::string_view::npos) return cut_after(line_end + 1);
  return cut_after(std::min(line_room, output.size()));
}

}  // namespace trainyard::local

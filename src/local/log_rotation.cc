#include "local/log_rotation.h"

#include <algorithm>

namespace trainyard::local {

std::string RotatedPath(const std::string& path, int number) {
  return number == 0 ? path : path + '.' + std::to_string(number);
}

LogCut PlanLogCut(const LogPosition& position, std::string_view output, int64_t max_bytes) {
  const auto length = static_cast<int64_t>(output.size());
  if (max_bytes <= 0 || position.size + length <= max_bytes) return {output.size(), false};
  const auto room = static_cast<size_t>(std::max<int64_t>(max_bytes - position.size, 0));
  const size_t last_end = output.substr(0, room).rfind('\n');
  if (last_end != std::string_view::npos) return {last_end + 1, true};
  const bool at_line_start = position.line_start == position.size;
  if (at_line_start && position.size > 0) return {0, true};
  // In the midst of a line: it may grow to max_bytes by itself.
  const auto line_room =
      static_cast<size_t>(std::max<int64_t>(position.line_start + max_bytes - position.size, 0));
  const size_t line_end = output.substr(0, line_room).find('\n');
  if (line_end != std::string_view::npos) return {line_end + 1, true};
  if (line_room <= output.size()) return {line_room, true};
  return {output.size(), false};
}

}  // namespace trainyard::local

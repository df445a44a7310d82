#include "spec/json_guard.h"

namespace trainyard::spec {

Status CheckJsonBounds(std::string_view what, std::string_view text, size_t max_bytes,
                       int max_depth) {
  if (text.size() > max_bytes) {
    return InvalidArgumentError("{} is too large: {} bytes, at most {} are read", what, text.size(),
                                max_bytes);
  }
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > max_depth) {
        return InvalidArgumentError("{} nests deeper than {} levels at byte {}", what, max_depth,
                                    i);
      }
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return OkStatus();
}

}  // namespace trainyard::spec

#include "local/launch/expand.h"

namespace trainyard::local {

std::string ExpandVariables(std::string_view text, const Environment& variables) {
  std::string result;
  size_t i = 0;
  while (i < text.size()) {
    if (text[i] != '$' || i + 1 == text.size()) {
      result += text[i++];
      continue;
    }
    if (text[i + 1] == '$') {
      result += '$';
      i += 2;
      continue;
    }
    const size_t close = text[i + 1] == '(' ? text.find(')', i + 2) : std::string_view::npos;
    if (close == std::string_view::npos) {
      result += text[i++];
      continue;
    }
    const auto found = variables.find(text.substr(i + 2, close - i - 2));
    result +=
        found == variables.end() ? text.substr(i, close + 1 - i) : std::string_view(found->second);
    i = close + 1;
  }
  return result;
}

}  // namespace trainyard::local

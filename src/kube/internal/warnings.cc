#include "kube/internal/warnings.h"

#include <algorithm>
#include <utility>

namespace trainyard::kube {
namespace {

// A quoted string at the front of `*text`, which is taken off. False if there is none.
bool TakeQuoted(std::string_view* text, std::string* content) {
  if (text->empty() || text->front() != '"') return false;
  for (size_t i = 1; i < text->size(); ++i) {
    char c = (*text)[i];
    if (c == '"') {
      text->remove_prefix(i + 1);
      return true;
    }
    if (c == '\\' && i + 1 < text->size()) c = (*text)[++i];
    const bool is_control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    content->push_back(is_control ? ' ' : c);
  }
  return false;
}

void SkipBlanks(std::string_view* text, std::string_view blanks) {
  text->remove_prefix(std::min(text->find_first_not_of(blanks), text->size()));
}

}  // namespace

std::vector<std::string> ParseWarnings(std::string_view header) {
  std::vector<std::string> texts;
  while (true) {
    SkipBlanks(&header, " ,");
    const std::string_view code = header.substr(0, 4);
    const size_t agent_end = header.size() < 4 ? header.npos : header.find(' ', 4);
    if (agent_end == header.npos) return texts;
    header.remove_prefix(agent_end);
    SkipBlanks(&header, " ");
    std::string text;
    if (!TakeQuoted(&header, &text)) return texts;
    if (code == "299 " && !text.empty()) texts.push_back(std::move(text));
    SkipBlanks(&header, " ");
    std::string date;
    if (header.starts_with('"') && !TakeQuoted(&header, &date)) return texts;
  }
}

}  // namespace trainyard::kube

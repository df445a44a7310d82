#include "spec/names.h"

#include <algorithm>

namespace trainyard::spec {
namespace {

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLowerOrDigit(char c) { return IsLower(c) || IsDigit(c); }
bool IsAlphanumeric(char c) { return IsLowerOrDigit(c) || (c >= 'A' && c <= 'Z'); }
bool IsLabelCharacter(char c) { return IsLowerOrDigit(c) || c == '-'; }

// Whether no part between separators breaks the rule.
template <class Rule>
bool EveryPart(std::string_view text, char separator, Rule rule) {
  while (true) {
    const size_t end = text.find(separator);
    if (!rule(text.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

bool IsDnsLabel(std::string_view name) {
  return !name.empty() && name.size() <= kMaxLabelSize && IsLowerOrDigit(name.front()) &&
         IsLowerOrDigit(name.back()) && std::all_of(name.begin(), name.end(), IsLabelCharacter);
}

bool IsServiceName(std::string_view name) { return IsDnsLabel(name) && IsLower(name.front()); }

bool IsDnsSubdomain(std::string_view name) {
  return name.size() <= 253 && EveryPart(name, '.', IsDnsLabel);
}

bool IsConfigKey(std::string_view key) {
  return !key.empty() && key.size() <= 253 && key != "." && !key.starts_with("..") &&
         std::all_of(key.begin(), key.end(),
                     [](char c) { return IsAlphanumeric(c) || c == '-' || c == '_' || c == '.'; });
}

bool IsVariableName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(),
                                      [](char c) { return c >= ' ' && c <= '~' && c != '='; });
}

bool IsPortName(std::string_view name) {
  return name.size() <= 15 && IsDnsLabel(name) && std::any_of(name.begin(), name.end(), IsLower) &&
         name.find("--") == std::string_view::npos;
}

bool IsLabelValue(std::string_view value) {
  return value.empty() ||
         (value.size() <= kMaxLabelSize && IsAlphanumeric(value.front()) &&
          IsAlphanumeric(value.back()) && std::all_of(value.begin(), value.end(), [](char c) {
            return IsAlphanumeric(c) || c == '-' || c == '_' || c == '.';
          }));
}

bool IsPathBelow(std::string_view path) {
  return !path.empty() && path.front() != '/' &&
         EveryPart(path, '/', [](std::string_view part) { return part != ".."; });
}

}  // namespace trainyard::spec

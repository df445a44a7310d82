#include "local/launch/path_text.h"

namespace trainyard::local {
namespace {

constexpr std::string_view kBefore = " \t\n\r\"'`=:,;([{<>|&";
constexpr std::string_view kAfter = " \t\n\r\"'`=:,;)]}<>|&";

}  // namespace

std::string ReplacePaths(std::string_view text, const PathMapping& mapping) {
  std::string result;
  size_t i = 0;
  while (i < text.size()) {
    const bool may_begin = i == 0 || kBefore.find(text[i - 1]) != std::string_view::npos;
    if (text[i] != '/' || !may_begin) {
      result += text[i++];
      continue;
    }
    const size_t end = std::min(text.find_first_of(kAfter, i), text.size());
    size_t slashes = i;
    while (slashes < end && text[slashes] == '/') ++slashes;
    if (slashes - i == 3) {  // file:///path
      result += "//";
      i += 2;
    }
    const std::string_view path = text.substr(i, end - i);
    const std::optional<std::string> replaced = slashes - i == 2 ? std::nullopt : mapping(path);
    result += replaced ? std::string_view(*replaced) : path;
    i = end;
  }
  return result;
}

std::optional<std::string_view> PathBelow(std::string_view path, std::string_view directory) {
  while (directory.ends_with('/')) directory.remove_suffix(1);
  if (!path.starts_with(directory)) return std::nullopt;
  path.remove_prefix(directory.size());
  if (!path.empty() && path.front() != '/') return std::nullopt;
  return path;
}

}  // namespace trainyard::local

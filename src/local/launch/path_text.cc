#include "local/launch/path_text.h"

#include <vector>

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

std::string NormalPath(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else if (!part.empty() && part != ".") {
      parts.push_back(part);
    }
  }
  std::string result;
  for (const std::string_view part : parts) result.append("/").append(part);
  return result.empty() ? "/" : result;
}

}  // namespace trainyard::local

#include "kube/fields.h"

#include <algorithm>

#include "kube/internal/json_text.h"

namespace trainyard::kube {
namespace {

constexpr std::string_view kIdentity[] = {"apiVersion",    "kind",
                                          "metadata.name", "metadata.namespace",
                                          "metadata.uid",  "metadata.resourceVersion"};

void AddPath(std::string_view path, Fields::Node* node) {
  while (!path.empty()) {
    const std::string_view name = path.substr(0, path.find('.'));
    path.remove_prefix(std::min(path.size(), name.size() + 1));
    auto found = std::find_if(node->members.begin(), node->members.end(),
                              [&](const Fields::Node& member) { return member.name == name; });
    if (found == node->members.end()) {
      found = node->members.insert(found, {.name = std::string(name)});
    }
    node = &*found;
  }
}

// No deeper than the paths are.
Result<Json> Read(std::string_view what, std::string_view text, const Fields::Node& wanted) {
  if (wanted.members.empty() || (text.front() != '{' && text.front() != '[')) {
    return ParseJson(what, text);
  }
  Json read = text.front() == '{' ? Json::object() : Json::array();
  if (read.is_array()) {
    RETURN_IF_ERROR(internal::VisitItems(text, [&](std::string_view item) -> Status {
      ASSIGN_OR_RETURN(Json value, Read(what, item, wanted));
      read.push_back(std::move(value));
      return OkStatus();
    }));
    return read;
  }
  Status status;
  const bool is_whole =
      internal::VisitMembers(text, [&](std::string_view name, std::string_view value) {
        const auto member =
            std::find_if(wanted.members.begin(), wanted.members.end(),
                         [&](const Fields::Node& candidate) { return candidate.name == name; });
        if (member == wanted.members.end()) return true;
        Result<Json> found = Read(what, value, *member);
        if (found.ok()) {
          read[member->name] = std::move(*found);
        } else {
          status = found.error();
        }
        return status.ok();
      });
  RETURN_IF_ERROR(status);
  if (!is_whole) return InvalidArgumentError("{}: not JSON: {}", what, text.substr(0, 80));
  return read;
}

Result<Json> ParseWithoutManagedFields(std::string_view what, std::string_view text) {
  const std::string_view fields =
      internal::FindMember(internal::FindMember(text, "metadata"), "managedFields");
  if (fields.size() <= 2 || fields.front() != '[') return ParseJson(what, text);
  // Copying what remains costs a hundredth of what parsing the rest would.
  std::string rest;
  rest.reserve(text.size() - fields.size() + 2);
  rest.append(text.substr(0, static_cast<size_t>(fields.data() - text.data()))).append("[]");
  rest.append(text.substr(static_cast<size_t>(fields.data() - text.data()) + fields.size()));
  return ParseJson(what, rest);
}

}  // namespace

Fields::Fields(std::initializer_list<std::string_view> paths) {
  for (const std::string_view path : kIdentity) AddPath(path, &root_);
  for (const std::string_view path : paths) AddPath(path, &root_);
}

Result<Json> ParseObject(std::string_view what, std::string_view text, const Fields& fields) {
  if (fields.are_all()) return ParseWithoutManagedFields(what, text);
  const size_t start = text.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos || text[start] != '{') {
    return InvalidArgumentError("{}: not a JSON object: {}", what, text.substr(0, 80));
  }
  return Read(what, text.substr(start), fields.root());
}

}  // namespace trainyard::kube

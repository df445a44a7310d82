#include "kube/document_json.h"

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace trainyard::kube {
namespace {

// As YAML 1.1 spells it: true, yes, on, in any letter case of its own.
bool IsTrue(const std::string& text) {
  if (text.empty()) return false;
  const char first = text.front();
  if (first == 'o' || first == 'O') return text.size() == 2;  // on, off
  return first == 't' || first == 'T' || first == 'y' || first == 'Y';
}

Json NumberOf(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  const char* end = text.data() + text.size();
  int64_t whole = 0;
  if (const auto [rest, error] = std::from_chars(text.data(), end, whole);
      error == std::errc() && rest == end) {
    return whole;
  }
  double value = 0;
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && rest == end ? Json(value) : Json(text);
}

}  // namespace

Json ToJson(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kNull:
      return nullptr;
    case Node::Kind::kBool:
      return IsTrue(node.text);
    case Node::Kind::kInt:
    case Node::Kind::kFloat:
      return NumberOf(node.text);
    case Node::Kind::kString:
      return node.text;
    case Node::Kind::kList: {
      Json list = Json::array();
      for (const Node& item : node.items) list.push_back(ToJson(item));
      return list;
    }
    case Node::Kind::kMap: {
      Json map = Json::object();
      for (const Node::Member& member : node.members) map[member.key] = ToJson(member.value);
      return map;
    }
  }
  return nullptr;
}

}  // namespace trainyard::kube

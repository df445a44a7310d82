#include "spec/document.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <set>

namespace trainyard::spec {
namespace {

constexpr size_t kMaxBytes = 1 << 20;
constexpr int kMaxDepth = 64;
constexpr int kMaxNodes = 100'000;

bool IsOneOf(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool IsInteger(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  int64_t value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && rest == text.data() + text.size();
}

bool IsFloat(std::string_view text) {
  if (IsOneOf(text, {".inf", "-.inf", "+.inf", ".nan", ".Inf", ".NaN", ".INF", ".NAN"}))
    return true;
  // from_chars also reads "inf" and "nan", which are words here.
  if (text.find_first_of("0123456789") == std::string_view::npos) return false;
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error != std::errc::invalid_argument && rest == text.data() + text.size();
}

Node::Kind ScalarKind(std::string_view text) {
  if (IsOneOf(text, {"", "~", "null", "Null", "NULL"})) return Node::Kind::kNull;
  if (IsOneOf(text, {"true", "True", "TRUE", "false", "False", "FALSE", "yes", "Yes", "YES", "no",
                     "No", "NO", "on", "On", "ON", "off", "Off", "OFF"})) {
    return Node::Kind::kBool;
  }
  if (IsInteger(text)) return Node::Kind::kInt;
  if (IsFloat(text)) return Node::Kind::kFloat;
  return Node::Kind::kString;
}

// Copies yaml-cpp's tree into ours, keeping count so that a few lines of nested aliases cannot grow
// into gigabytes.
class Converter {
 public:
  explicit Converter(std::string_view name) : name_(name) {}

  Result<Node> Convert(const YAML::Node& source, int depth = 0) {
    Node node;
    node.line = source.Mark().line + 1;
    node.column = source.Mark().column + 1;
    if (++count_ > kMaxNodes) return Fail(node, "the document has more than 100000 values");
    if (depth > kMaxDepth) return Fail(node, "values nest deeper than 64 levels");
    switch (source.Type()) {
      case YAML::NodeType::Undefined:
      case YAML::NodeType::Null:
        return node;
      case YAML::NodeType::Scalar:
        node.text = source.Scalar();
        // The tag "!" marks a quoted scalar.
        node.kind = source.Tag() == "!" || source.Tag() == "tag:yaml.org,2002:str"
                        ? Node::Kind::kString
                        : ScalarKind(node.text);
        return node;
      case YAML::NodeType::Sequence:
        node.kind = Node::Kind::kList;
        for (const YAML::Node& item : source) {
          ASSIGN_OR_RETURN(Node converted, Convert(item, depth + 1));
          node.items.push_back(std::move(converted));
        }
        return node;
      case YAML::NodeType::Map:
        return ConvertMap(source, std::move(node), depth);
    }
    return node;
  }

 private:
  Result<Node> ConvertMap(const YAML::Node& source, Node node, int depth) {
    node.kind = Node::Kind::kMap;
    std::vector<Node> merged;
    std::set<std::string> keys;
    for (const auto& entry : source) {
      Node::Member member;
      member.line = entry.first.Mark().line + 1;
      member.column = entry.first.Mark().column + 1;
      if (!entry.first.IsScalar()) {
        return ErrorAt(name_, member.line, member.column, "a key must be a word");
      }
      member.key = entry.first.Scalar();
      ASSIGN_OR_RETURN(member.value, Convert(entry.second, depth + 1));
      if (member.key == "<<") {
        merged.push_back(std::move(member.value));
        continue;
      }
      if (!keys.insert(member.key).second) {
        return ErrorAt(name_, member.line, member.column,
                       fmt::format("\"{}\" stands twice in the same map", member.key));
      }
      node.members.push_back(std::move(member));
    }
    for (const Node& source_map : merged) RETURN_IF_ERROR(Merge(source_map, &keys, &node));
    return node;
  }

  // The merge key: members that the map itself does not have.
  Status Merge(const Node& source, std::set<std::string>* keys, Node* target) {
    if (source.is_list()) {
      for (const Node& item : source.items) RETURN_IF_ERROR(Merge(item, keys, target));
      return OkStatus();
    }
    if (!source.is_map()) return Fail(source, "\"<<\" needs a map to merge").status();
    for (const Node::Member& member : source.members) {
      if (keys->insert(member.key).second) target->members.push_back(member);
    }
    return OkStatus();
  }

  Result<Node> Fail(const Node& node, std::string_view message) const {
    return ErrorAt(name_, node.line, node.column, message);
  }

  std::string_view name_;
  int count_ = 0;
};

Status CheckBounds(std::string_view text, std::string_view name) {
  if (text.size() > kMaxBytes) {
    return InvalidArgumentError("{}: the file is too large: {} bytes, at most {} are read", name,
                                text.size(), kMaxBytes);
  }
  if (text.find('\0') != std::string_view::npos) {
    return InvalidArgumentError("{}: this is not a text file: it contains a zero byte", name);
  }
  return OkStatus();
}

}  // namespace

const Node* Node::Find(std::string_view key) const {
  for (const Member& member : members) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

Node* Node::Find(std::string_view key) {
  return const_cast<Node*>(static_cast<const Node*>(this)->Find(key));
}

std::string Node::Describe() const {
  switch (kind) {
    case Kind::kNull:
      return "nothing";
    case Kind::kBool:
      return fmt::format("the boolean {}", text);
    case Kind::kInt:
    case Kind::kFloat:
      return fmt::format("the number {}", text);
    case Kind::kString:
      return fmt::format("\"{}{}\"", text.substr(0, 60), text.size() > 60 ? "..." : "");
    case Kind::kList:
      return "a list";
    case Kind::kMap:
      return "a map";
  }
  return "";
}

Result<std::vector<Node>> ParseYaml(std::string_view text, std::string_view name) {
  RETURN_IF_ERROR(CheckBounds(text, name));
  std::vector<Node> documents;
  try {
    for (const YAML::Node& root : YAML::LoadAll(std::string(text))) {
      ASSIGN_OR_RETURN(Node document, Converter(name).Convert(root));
      documents.push_back(std::move(document));
    }
  } catch (const YAML::Exception& problem) {
    // Without a place the mark is -1.
    return ErrorAt(name, problem.mark.line + 1, problem.mark.column + 1,
                   fmt::format("this is not YAML: {}", problem.msg));
  } catch (const std::exception& problem) {
    return InvalidArgumentError("{}: this is not YAML: {}", name, problem.what());
  }
  return documents;
}

Status ErrorAt(std::string_view name, int line, int column, std::string_view message) {
  if (line <= 0) return InvalidArgumentError("{}: {}", name, message);
  return InvalidArgumentError("{}:{}:{}: {}", name, line, column, message);
}

}  // namespace trainyard::spec

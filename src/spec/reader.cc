#include "spec/reader.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <numeric>

namespace trainyard::spec {
namespace {

// Levenshtein's distance, letter case ignored.
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0]++;
    for (size_t j = 0; j < b.size(); ++j) {
      const bool same = std::tolower(static_cast<unsigned char>(a[i])) ==
                        std::tolower(static_cast<unsigned char>(b[j]));
      const size_t replaced = diagonal + (same ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

const Node* Present(const Node& map, std::string_view key) {
  const Node* node = map.Find(key);
  return node == nullptr || node->is_null() ? nullptr : node;
}

}  // namespace

std::string JoinFields(std::string_view path, std::string_view key) {
  return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
}

std::string_view NearestWord(std::string_view word, std::span<const std::string_view> candidates) {
  std::string_view best;
  size_t best_distance = std::min<size_t>(3, word.size() / 2 + 1);
  if (word.size() > 64) return best;
  for (const std::string_view candidate : candidates) {
    const size_t distance = EditDistance(word, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

Status Reader::Fail(const Node& node, std::string_view path, std::string_view message) const {
  return ErrorAt(file_, node.line, node.column,
                 path.empty() ? std::string(message) : fmt::format("{}: {}", path, message));
}

Status Reader::Expected(const Node& node, std::string_view path, std::string_view what) const {
  return Fail(node, path, fmt::format("expected {}, found {}", what, node.Describe()));
}

Result<std::string> Reader::ToText(const Node& node, std::string_view path) const {
  using Kind = Node::Kind;
  if (node.kind == Kind::kString) return node.text;
  // Kubernetes refuses these too, with a worse message.
  if (node.kind == Kind::kBool || node.kind == Kind::kInt || node.kind == Kind::kFloat) {
    return Expected(node, path, fmt::format("a string, as in \"{}\"", node.text));
  }
  return Expected(node, path, "a string");
}

Status Reader::String(const Node& map, std::string_view path, std::string_view key,
                      std::string* out) const {
  const Node* node = Present(map, key);
  if (node == nullptr) return OkStatus();
  ASSIGN_OR_RETURN(*out, ToText(*node, JoinFields(path, key)));
  return OkStatus();
}

Status Reader::Strings(const Node& map, std::string_view path, std::string_view key,
                       std::vector<std::string>* out) const {
  ASSIGN_OR_RETURN(const Node* list, List(map, path, key));
  if (list == nullptr) return OkStatus();
  out->clear();
  for (size_t i = 0; i < list->items.size(); ++i) {
    ASSIGN_OR_RETURN(std::string text,
                     ToText(list->items[i], fmt::format("{}[{}]", JoinFields(path, key), i)));
    out->push_back(std::move(text));
  }
  return OkStatus();
}

Status Reader::StringMap(const Node& map, std::string_view path, std::string_view key,
                         std::map<std::string, std::string>* out) const {
  ASSIGN_OR_RETURN(const Node* entries, Map(map, path, key));
  if (entries == nullptr) return OkStatus();
  out->clear();
  for (const Node::Member& member : entries->members) {
    std::string& value = (*out)[member.key];
    if (member.value.is_null()) continue;
    ASSIGN_OR_RETURN(value, ToText(member.value, JoinFields(JoinFields(path, key), member.key)));
  }
  return OkStatus();
}

Status Reader::RequiredString(const Node& map, std::string_view path, std::string_view key,
                              std::string* out) const {
  RETURN_IF_ERROR(String(map, path, key, out));
  if (!out->empty()) return OkStatus();
  const Node* node = Present(map, key);
  return Fail(node == nullptr ? map : *node, JoinFields(path, key), "must be required");
}

Status Reader::Bool(const Node& map, std::string_view path, std::string_view key, bool* out) const {
  const Node* node = Present(map, key);
  if (node == nullptr) return OkStatus();
  if (node->kind != Node::Kind::kBool) {
    return Expected(*node, JoinFields(path, key), "true or false");
  }
  const char first = static_cast<char>(std::tolower(static_cast<unsigned char>(node->text[0])));
  const char second = static_cast<char>(std::tolower(static_cast<unsigned char>(node->text[1])));
  *out = first == 't' || first == 'y' || (first == 'o' && second == 'n');
  return OkStatus();
}

Status Reader::Number(const Node& map, std::string_view path, std::string_view key, int64_t min,
                      int64_t max, std::optional<int64_t>* out) const {
  const Node* node = Present(map, key);
  if (node == nullptr) return OkStatus();
  std::string_view text = node->text;
  if (text.starts_with('+')) text.remove_prefix(1);
  int64_t number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (node->kind != Node::Kind::kInt || error != std::errc() || number < min || number > max) {
    const bool too_large = node->kind == Node::Kind::kInt && number > max;
    return Expected(*node, JoinFields(path, key),
                    too_large ? fmt::format("a whole number <= {}", max)
                              : fmt::format("a whole number >= {}", min));
  }
  *out = number;
  return OkStatus();
}

Status Reader::Int(const Node& map, std::string_view path, std::string_view key, int min,
                   int* out) const {
  std::optional<int> number;
  RETURN_IF_ERROR(OptionalInt(map, path, key, min, &number));
  if (number) *out = *number;
  return OkStatus();
}

Status Reader::Word(const Node& map, std::string_view path, std::string_view key,
                    std::span<const std::string_view> names, std::optional<size_t>* out) const {
  const Node* node = Present(map, key);
  if (node == nullptr) return OkStatus();
  const auto found = std::find(names.begin(), names.end(), node->text);
  if (node->kind != Node::Kind::kString || found == names.end()) {
    std::vector<std::string_view> shown;
    for (const std::string_view name : names) {
      if (!name.empty()) shown.push_back(name);
    }
    return Expected(*node, JoinFields(path, key), fmt::format("{}", fmt::join(shown, " or ")));
  }
  *out = static_cast<size_t>(found - names.begin());
  return OkStatus();
}

Result<const Node*> Reader::Map(const Node& map, std::string_view path,
                                std::string_view key) const {
  const Node* node = Present(map, key);
  if (node != nullptr && !node->is_map()) return Expected(*node, JoinFields(path, key), "a map");
  return node;
}

Result<const Node*> Reader::List(const Node& map, std::string_view path,
                                 std::string_view key) const {
  const Node* node = Present(map, key);
  if (node != nullptr && !node->is_list()) return Expected(*node, JoinFields(path, key), "a list");
  return node;
}

Result<const Node::Member*> Reader::OnlyMember(const Node& map, std::string_view path) const {
  const Node::Member* only = nullptr;
  for (const Node::Member& member : map.members) {
    if (member.value.is_null()) continue;
    if (only != nullptr) {
      return Fail(member.value, path,
                  fmt::format("{} stands beside {}; keep one of them", member.key, only->key));
    }
    only = &member;
  }
  if (only == nullptr) return Fail(map, path, "is empty; say where the value comes from");
  return only;
}

Status Reader::CheckKeys(const Node& map, std::string_view path,
                         std::span<const std::string_view> known) const {
  if (unknown_fields_ == UnknownFields::kPassedOver) return OkStatus();
  for (const Node::Member& member : map.members) {
    if (std::find(known.begin(), known.end(), member.key) != known.end()) continue;
    const std::string_view nearest = NearestWord(member.key, known);
    std::string message = fmt::format("unknown field \"{}\"", member.key.substr(0, 60));
    if (!nearest.empty()) {
      message += fmt::format("; did you mean \"{}\"?", nearest);
    } else if (known.size() <= 12) {
      message += fmt::format("; known fields: {}", fmt::join(known, ", "));
    }
    Node place;
    place.line = member.line;
    place.column = member.column;
    return Fail(place, path, message);
  }
  return OkStatus();
}

}  // namespace trainyard::spec

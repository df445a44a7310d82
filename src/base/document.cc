#include "base/document.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <utility>

namespace trainyard {
namespace {

constexpr size_t kMaxBytes = 1 << 20;
constexpr size_t kMaxDepth = 64;
constexpr int kMaxNodes = 100'000;

bool IsOneOf(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

// RFC 3629: no overlong forms, no surrogates, nothing beyond U+10FFFF.
bool IsUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i++]);
    if (first < 0x80) continue;
    const size_t rest = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
    if (first < 0xc2 || first > 0xf4 || text.size() - i < rest) return false;
    uint32_t point = first & (0x3fu >> rest);
    for (const size_t end = i + rest; i < end; ++i) {
      const auto next = static_cast<unsigned char>(text[i]);
      if (next >> 6 != 2) return false;
      point = point << 6 | (next & 0x3fu);
    }
    const bool is_short = (rest == 2 && point < 0x800) || (rest == 3 && point < 0x10000);
    if (is_short || point > 0x10ffff || point >> 11 == 0xd800 >> 11) return false;
  }
  return true;
}

// Without its plus sign; from_chars reads a minus only, and "+-1" is a word.
std::string_view WithoutPlus(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  return text;
}

bool IsInteger(std::string_view text) {
  text = WithoutPlus(text);
  int64_t value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && rest == text.data() + text.size();
}

bool IsFloat(std::string_view text) {
  if (IsOneOf(text, {".inf", "-.inf", "+.inf", ".nan", ".Inf", ".NaN", ".INF", ".NAN"}))
    return true;
  // from_chars also reads "inf", "nan" and "nan(1)", which are words here.
  if (text.find_first_not_of("0123456789+-.eE") != std::string_view::npos) return false;
  text = WithoutPlus(text);
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

// Builds our tree from the parser's events. yaml-cpp's own tree is not used: its loader makes
// documents without end of some broken texts, and aliases in it could grow a few lines into
// gigabytes.
class Builder : public YAML::EventHandler {
 public:
  explicit Builder(std::string_view name) : name_(name) {}

  // The first complaint; from then on events are passed over.
  const Status& status() const { return status_; }
  std::vector<Node> TakeDocuments() { return std::move(documents_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    // The parser stays where it is when something follows a document that cannot begin another.
    if (mark.pos <= last_start_) Fail(mark, "this is not YAML: unexpected text after the document");
    last_start_ = mark.pos;
    anchors_.clear();
    has_root_ = false;
  }
  void OnDocumentEnd() override {
    if (!has_root_ && status_.ok()) documents_.emplace_back();
  }

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Complete(MakeNode(Node::Kind::kNull, mark), anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    // The parser lets bytes pass that are none; JSON could not be made of them.
    if (!IsUtf8(value)) return Fail(mark, "this is not YAML: the text is not UTF-8");
    // The tag "!" marks a quoted scalar.
    const bool is_text = tag == "!" || tag == "tag:yaml.org,2002:str";
    Node node = MakeNode(is_text ? Node::Kind::kString : ScalarKind(value), mark);
    node.text = value;
    Complete(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) return Fail(mark, "an alias stands inside of what it refers to");
    count_ += CountNodes(found->second);
    if (count_ > kMaxNodes) return Fail(mark, kTooMany);
    Complete(Node(found->second), 0);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(MakeNode(Node::Kind::kList, mark), anchor, mark);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(MakeNode(Node::Kind::kMap, mark), anchor, mark);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapEnd() override { Close(); }

 private:
  static constexpr std::string_view kTooMany = "the document has more than 100000 values";

  // A list or map that is being read.
  struct Frame {
    Node node;
    YAML::anchor_t anchor = 0;
    std::optional<Node> key;  // of the member whose value comes next
    std::set<std::string> keys;
    std::vector<Node> merged;  // values of "<<"
  };

  void Fail(const YAML::Mark& mark, std::string_view message) {
    if (status_.ok()) status_ = ErrorAt(name_, mark.line + 1, mark.column + 1, message);
  }
  void FailAt(const Node& node, std::string_view message) {
    if (status_.ok()) status_ = ErrorAt(name_, node.line, node.column, message);
  }

  Node MakeNode(Node::Kind kind, const YAML::Mark& mark) {
    if (++count_ > kMaxNodes) Fail(mark, kTooMany);
    Node node;
    node.kind = kind;
    node.line = mark.line + 1;
    node.column = mark.column + 1;
    return node;
  }

  static int CountNodes(const Node& node) {
    int count = 1;
    for (const Node& item : node.items) count += CountNodes(item);
    for (const Node::Member& member : node.members) count += CountNodes(member.value);
    return count;
  }

  void Open(Node node, YAML::anchor_t anchor, const YAML::Mark& mark) {
    if (stack_.size() >= kMaxDepth) Fail(mark, "values nest deeper than 64 levels");
    if (!status_.ok()) return;
    Frame frame;
    frame.node = std::move(node);
    frame.anchor = anchor;
    stack_.push_back(std::move(frame));
  }

  void Close() {
    if (!status_.ok() || stack_.empty()) return;
    Frame frame = std::move(stack_.back());
    stack_.pop_back();
    for (const Node& source : frame.merged) Merge(source, &frame);
    Complete(std::move(frame.node), frame.anchor);
  }

  // Puts a value that has been read to its end where it belongs.
  void Complete(Node node, YAML::anchor_t anchor) {
    if (!status_.ok()) return;
    if (anchor != 0) {
      // The copy counts as well: anchors around anchors would make many.
      count_ += CountNodes(node);
      if (count_ > kMaxNodes) return FailAt(node, kTooMany);
      anchors_[anchor] = node;
    }
    if (stack_.empty()) {
      documents_.push_back(std::move(node));
      has_root_ = true;
    } else if (stack_.back().node.is_list()) {
      stack_.back().node.items.push_back(std::move(node));
    } else if (!stack_.back().key) {
      TakeKey(std::move(node), &stack_.back());
    } else {
      TakeValue(std::move(node), &stack_.back());
    }
  }

  void TakeKey(Node key, Frame* map) {
    if (key.is_map() || key.is_list()) return FailAt(key, "a key must be a word");
    if (key.text != "<<" && !map->keys.insert(key.text).second) {
      return FailAt(key, fmt::format("\"{}\" stands twice in the same map", key.text));
    }
    map->key = std::move(key);
  }

  void TakeValue(Node value, Frame* map) {
    const Node key = *std::exchange(map->key, std::nullopt);
    if (key.text == "<<") {
      map->merged.push_back(std::move(value));
    } else {
      map->node.members.push_back({key.text, std::move(value), key.line, key.column});
    }
  }

  // The merge key: members that the map itself does not have.
  void Merge(const Node& source, Frame* map) {
    if (source.is_list()) {
      for (const Node& item : source.items) {
        if (!item.is_map()) return FailAt(item, "\"<<\" needs maps to merge");
        Merge(item, map);
      }
      return;
    }
    if (!source.is_map()) return FailAt(source, "\"<<\" needs a map to merge");
    for (const Node::Member& member : source.members) {
      if (map->keys.insert(member.key).second) map->node.members.push_back(member);
    }
  }

  std::string_view name_;
  Status status_;
  std::vector<Node> documents_;
  std::vector<Frame> stack_;
  std::map<YAML::anchor_t, Node> anchors_;
  int count_ = 0;
  int last_start_ = -1;
  bool has_root_ = false;
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
  Builder builder(name);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (builder.status().ok() && parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& problem) {
    // Without a place the mark is -1.
    return ErrorAt(name, problem.mark.line + 1, problem.mark.column + 1,
                   fmt::format("this is not YAML: {}", problem.msg));
  } catch (const std::exception& problem) {
    return InvalidArgumentError("{}: this is not YAML: {}", name, problem.what());
  }
  RETURN_IF_ERROR(builder.status());
  return builder.TakeDocuments();
}

Status ErrorAt(std::string_view name, int line, int column, std::string_view message) {
  if (name.empty()) return InvalidArgumentError("{}", message);
  if (line <= 0) return InvalidArgumentError("{}: {}", name, message);
  return InvalidArgumentError("{}:{}:{}: {}", name, line, column, message);
}

}  // namespace trainyard

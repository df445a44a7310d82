#include "kube/internal/json_text.h"

#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

namespace trainyard::kube::internal {
namespace {

// Walks over JSON text. After a mistake in it everything that follows fails.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  // Takes the character after white space if it is `wanted`.
  bool Take(char wanted) {
    SkipSpace();
    if (at_ >= text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }

  bool is_at_end() {
    SkipSpace();
    return at_ >= text_.size();
  }

  // A string's text without its quotes, escapes as they are; nullopt if there is no string.
  std::optional<std::string_view> TakeString() {
    if (!Take('"')) return std::nullopt;
    const size_t start = at_;
    if (!SkipRestOfString()) return std::nullopt;
    return text_.substr(start, at_ - 1 - start);
  }

  // The text of a value of any kind; nullopt if there is none.
  std::optional<std::string_view> TakeValue() {
    SkipSpace();
    const size_t start = at_;
    if (at_ >= text_.size()) return std::nullopt;
    const bool ok = text_[at_] == '"'                        ? (++at_, SkipRestOfString())
                    : text_[at_] == '{' || text_[at_] == '[' ? SkipNested()
                                                             : SkipScalar();
    if (!ok) return std::nullopt;
    return text_.substr(start, at_ - start);
  }

 private:
  void SkipSpace() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r')) {
      ++at_;
    }
  }

  // After the opening quote, to behind the closing one.
  bool SkipRestOfString() {
    while (at_ < text_.size()) {
      const void* found = std::memchr(text_.data() + at_, '"', text_.size() - at_);
      if (found == nullptr) break;
      const auto quote = static_cast<size_t>(static_cast<const char*>(found) - text_.data());
      size_t first = quote;  // of the backslashes before the quote
      while (first > at_ && text_[first - 1] == '\\') --first;
      at_ = quote + 1;
      if ((quote - first) % 2 == 0) return true;
    }
    return Fail();
  }

  bool SkipNested() {
    int depth = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"') {
        if (!SkipRestOfString()) return false;
      } else if (c == '{' || c == '[') {
        ++depth;
      } else if ((c == '}' || c == ']') && --depth == 0) {
        return true;
      }
    }
    return Fail();
  }

  bool SkipScalar() {
    const size_t start = at_;
    while (at_ < text_.size() && !std::strchr(",:]}{[\" \n\t\r", text_[at_])) ++at_;
    return at_ > start || Fail();
  }

  bool Fail() {
    at_ = text_.size();
    return false;
  }

  std::string_view text_;
  size_t at_ = 0;
};

Status NotA(std::string_view what, std::string_view text) {
  return InvalidArgumentError("not {}: {}", what, text.substr(0, 80));
}

}  // namespace

bool VisitMembers(std::string_view object,
                  const std::function<bool(std::string_view, std::string_view)>& visit) {
  Scanner scanner(object);
  if (!scanner.Take('{')) return false;
  if (scanner.Take('}')) return scanner.is_at_end();
  do {
    const auto name = scanner.TakeString();
    if (!name || !scanner.Take(':')) return false;
    const auto value = scanner.TakeValue();
    if (!value) return false;
    if (!visit(*name, *value)) return true;
  } while (scanner.Take(','));
  return scanner.Take('}') && scanner.is_at_end();
}

Status VisitItems(std::string_view list, const std::function<Status(std::string_view)>& on_item) {
  Scanner scanner(list);
  if (!scanner.Take('[')) return NotA("a list", list);
  if (scanner.Take(']')) return OkStatus();
  do {
    const auto item = scanner.TakeValue();
    if (!item) return NotA("a list", list);
    RETURN_IF_ERROR(on_item(*item));
  } while (scanner.Take(','));
  return scanner.Take(']') ? OkStatus() : NotA("a list", list);
}

std::string_view FindMember(std::string_view object, std::string_view name) {
  std::string_view found;
  VisitMembers(object, [&](std::string_view key, std::string_view value) {
    if (key == name) found = value;
    return found.empty();
  });
  return found;
}

Result<WatchEvent> ParseWatchEvent(std::string_view line) {
  WatchEvent event;
  const bool is_object = VisitMembers(line, [&](std::string_view name, std::string_view value) {
    if (name == "type" && value.front() == '"') event.type = value.substr(1, value.size() - 2);
    if (name == "object") event.object = value;
    return true;
  });
  if (!is_object || event.type.empty() || event.object.empty() || event.object.front() != '{') {
    return NotA("a watch event", line);
  }
  return event;
}

Result<ListEnd> SplitList(std::string_view text,
                          const std::function<Status(std::string_view)>& on_item) {
  ListEnd end;
  bool has_metadata = false;
  Status status;
  const bool is_object = VisitMembers(text, [&](std::string_view name, std::string_view value) {
    if (name == "metadata") {
      const std::string_view version = FindMember(value, "resourceVersion");
      const std::string_view next = FindMember(value, "continue");
      if (version.size() > 2) {
        const auto parsed =
            std::from_chars(version.data() + 1, version.data() + version.size() - 1, end.version);
        has_metadata = parsed.ptr == version.data() + version.size() - 1;
      }
      // A token is base64: nothing in it is escaped.
      if (next.size() > 2) end.next = next.substr(1, next.size() - 2);
    }
    if (name == "items" && value.front() == '[') status = VisitItems(value, on_item);
    return status.ok();
  });
  RETURN_IF_ERROR(status);
  if (!is_object || !has_metadata) return NotA("a list", text);
  return end;
}

}  // namespace trainyard::kube::internal

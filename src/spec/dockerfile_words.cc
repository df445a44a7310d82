#include "spec/dockerfile_words.h"

#include <cctype>
#include <utility>

#include <nlohmann/json.hpp>

#include "spec/json_guard.h"

namespace trainyard::spec {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v'; }

// The length of the variable name that the text starts with: a word, or one digit.
size_t NameLength(std::string_view text) {
  if (text.empty()) return 0;
  if (std::isdigit(static_cast<unsigned char>(text[0]))) return 1;
  size_t size = 0;
  while (size < text.size() &&
         (std::isalnum(static_cast<unsigned char>(text[size])) || text[size] == '_')) {
    ++size;
  }
  return size;
}

// Walks over one word and writes its meaning.
class Expander {
 public:
  Expander(std::string_view text, char escape, const Lookup& lookup)
      : text_(text), escape_(escape), lookup_(lookup) {}

  Result<std::string> Run() {
    ASSIGN_OR_RETURN(std::string value, Until('\0', 0));
    return value;
  }

 private:
  // More nested defaults than anyone writes; the recursion has to end.
  static constexpr int kMaxDepth = 20;

  bool AtEnd() const { return at_ >= text_.size(); }

  static Status Unfinished(std::string_view what) {
    return InvalidArgumentError("{} is not closed", what);
  }

  // Reads to the end of the text, or to the closing brace of a default value.
  Result<std::string> Until(char end, int depth) {
    if (depth > kMaxDepth) return InvalidArgumentError("variables nest too deep");
    std::string out;
    while (!AtEnd() && text_[at_] != end) {
      const char c = text_[at_];
      if (c == '\'') {
        const size_t close = text_.find('\'', at_ + 1);
        if (close == std::string_view::npos) return Unfinished("a single quote");
        out += text_.substr(at_ + 1, close - at_ - 1);
        at_ = close + 1;
      } else if (c == '"') {
        RETURN_IF_ERROR(DoubleQuoted(depth, &out));
      } else if (c == escape_) {
        if (++at_ < text_.size()) out += text_[at_++];
      } else if (c == '$') {
        RETURN_IF_ERROR(Variable(depth, &out));
      } else {
        out += c;
        ++at_;
      }
      if (out.size() > kMaxExpansion) return InvalidArgumentError("a value grows too long");
    }
    return out;
  }

  Status DoubleQuoted(int depth, std::string* out) {
    ++at_;
    while (!AtEnd() && text_[at_] != '"') {
      const char c = text_[at_];
      if (c == '$') {
        RETURN_IF_ERROR(Variable(depth, out));
        continue;
      }
      if (c == escape_ && at_ + 1 < text_.size()) {
        const char next = text_[at_ + 1];
        if (next != '"' && next != '$' && next != escape_) *out += c;
        *out += next;
        at_ += 2;
        continue;
      }
      *out += c;
      ++at_;
      if (out->size() > kMaxExpansion) return InvalidArgumentError("a value grows too long");
    }
    if (AtEnd()) return Unfinished("a double quote");
    ++at_;
    return OkStatus();
  }

  Status Variable(int depth, std::string* out) {
    ++at_;
    if (!AtEnd() && text_[at_] == '{') return Braced(depth, out);
    const size_t size = NameLength(text_.substr(at_));
    if (size == 0) {
      *out += '$';
      return OkStatus();
    }
    *out += lookup_(text_.substr(at_, size)).value_or("");
    at_ += size;
    return OkStatus();
  }

  Status Braced(int depth, std::string* out) {
    const size_t start = at_ - 1;  // of "${"
    ++at_;
    const size_t size = NameLength(text_.substr(at_));
    const std::optional<std::string> value = lookup_(text_.substr(at_, size));
    at_ += size;
    bool empty_counts_as_unset = false;
    if (!AtEnd() && text_[at_] == ':') {
      empty_counts_as_unset = true;
      ++at_;
    }
    const char form = AtEnd() ? '\0' : text_[at_];
    if (form == '}' && !empty_counts_as_unset) {
      *out += value.value_or("");
      ++at_;
      return OkStatus();
    }
    if (form != '\0') ++at_;
    ASSIGN_OR_RETURN(const std::string word, Until('}', depth + 1));
    if (AtEnd()) return Unfinished("a brace");
    ++at_;
    const bool is_set = value && !(empty_counts_as_unset && value->empty());
    if (form == '-') {
      *out += is_set ? *value : word;
    } else if (form == '+') {
      *out += is_set ? word : "";
    } else {
      *out += text_.substr(start, at_ - start);
    }
    return OkStatus();
  }

  std::string_view text_;
  char escape_;
  const Lookup& lookup_;
  size_t at_ = 0;
};

}  // namespace

std::vector<std::string> SplitWords(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : text) {
    if (!IsBlank(c)) {
      word += c;
    } else if (!word.empty()) {
      words.push_back(std::exchange(word, {}));
    }
  }
  if (!word.empty()) words.push_back(std::move(word));
  return words;
}

std::vector<std::string> SplitQuotedWords(std::string_view text, char escape) {
  std::vector<std::string> words;
  std::string word;
  char quote = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote == 0 && IsBlank(c)) {
      if (!word.empty()) words.push_back(std::exchange(word, {}));
      continue;
    }
    word += c;
    if (c == escape && quote != '\'' && i + 1 < text.size()) {
      word += text[++i];
    } else if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    }
  }
  if (!word.empty()) words.push_back(std::move(word));
  return words;
}

std::optional<std::vector<std::string>> ParseStringList(std::string_view text) {
  if (!text.starts_with('[') || !CheckJsonBounds("the list", text).ok()) return std::nullopt;
  const auto list = nlohmann::json::parse(text, nullptr, false);
  if (!list.is_array()) return std::nullopt;
  std::vector<std::string> words;
  for (const auto& item : list) {
    if (!item.is_string()) return std::nullopt;
    words.push_back(item.get<std::string>());
  }
  return words;
}

Result<std::string> ExpandWord(std::string_view word, char escape, const Lookup& lookup) {
  return Expander(word, escape, lookup).Run();
}

}  // namespace trainyard::spec

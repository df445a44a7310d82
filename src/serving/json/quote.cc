#include "serving/json/quote.h"

#include <algorithm>

namespace trainyard::serving {
namespace {

constexpr size_t kMaxBytes = 256;

bool IsBlank(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

// One past the string that begins at `at`.
size_t StringEnd(std::string_view json, size_t at) {
  for (++at; at < json.size() && json[at] != '"'; ++at) {
    if (json[at] == '\\') ++at;
  }
  return std::min(at + 1, json.size());
}

class Layout {
 public:
  explicit Layout(std::string_view json) : json_(json) {}

  std::string Run() {
    for (size_t i = 0; i < json_.size() && out_.size() < kMaxBytes;) {
      if (json_[i] == '"') {
        const size_t end = StringEnd(json_, i);
        out_ += json_.substr(i, std::min(end - i, kMaxBytes));
        i = end;
      } else {
        Put(i++);
      }
    }
    if (out_.size() > kMaxBytes) out_.resize(kMaxBytes);
    return std::move(out_);
  }

 private:
  void NewLine() {
    out_ += '\n';
    out_.append(std::min(4 * depth_, kMaxBytes), ' ');
  }

  bool IsEmptyAfter(size_t i) const {
    for (++i; i < json_.size() && IsBlank(json_[i]);) ++i;
    return i < json_.size() && (json_[i] == ']' || json_[i] == '}');
  }

  void Put(size_t i) {
    const char c = json_[i];
    if (IsBlank(c)) return;
    if (c == ']' || c == '}') {
      if (depth_ > 0) --depth_;
      if (!is_empty_) NewLine();
    }
    is_empty_ = false;
    out_ += c;
    if (c == '[' || c == '{') {
      ++depth_;
      is_empty_ = IsEmptyAfter(i);
      if (!is_empty_) NewLine();
    } else if (c == ',') {
      NewLine();
    } else if (c == ':') {
      out_ += ' ';
    }
  }

  std::string_view json_;
  std::string out_;
  size_t depth_ = 0;
  bool is_empty_ = false;
};

}  // namespace

std::string QuoteJson(std::string_view json) { return Layout(json).Run(); }

}  // namespace trainyard::serving

#include "serving/json/reader.h"

#include <array>
#include <cmath>
#include <cstring>
#include <utility>

#include "serving/json/escape.h"

namespace trainyard::serving {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

constexpr std::array<JsonKind, 256> KindTable() {
  std::array<JsonKind, 256> table{};
  for (JsonKind& kind : table) kind = JsonKind::kInvalid;
  table['n'] = JsonKind::kNull;
  table['f'] = JsonKind::kFalse;
  table['t'] = JsonKind::kTrue;
  table['{'] = JsonKind::kObject;
  table['['] = JsonKind::kArray;
  table['"'] = JsonKind::kString;
  for (const char c : {'-', 'N', 'I', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'}) {
    table[static_cast<unsigned char>(c)] = JsonKind::kNumber;
  }
  return table;
}

constexpr std::array<JsonKind, 256> kKinds = KindTable();

// The first byte from `at` that a string cannot simply go on over: a quote, a backslash or a
// control character, the zero at the end included. Eight bytes at a time.
const char* FindSpecial(const char* at, const char* end) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  constexpr uint64_t kHighs = 0x8080808080808080;
  for (; end - at >= 8; at += 8) {
    uint64_t bytes = 0;
    std::memcpy(&bytes, at, 8);
    const uint64_t quote = bytes ^ (kOnes * '"');
    const uint64_t slash = bytes ^ (kOnes * '\\');
    const uint64_t found =
        ((bytes - kOnes * 0x20) & ~bytes) | ((quote - kOnes) & ~quote) | ((slash - kOnes) & ~slash);
    if ((found & kHighs) != 0) break;
  }
  while (static_cast<unsigned char>(*at) >= 0x20 && *at != '"' && *at != '\\') ++at;
  return at;
}

}  // namespace

std::string_view JsonKindName(JsonKind kind) {
  switch (kind) {
    case JsonKind::kNull:
      return "Null";
    case JsonKind::kFalse:
      return "False";
    case JsonKind::kTrue:
      return "True";
    case JsonKind::kObject:
      return "Object";
    case JsonKind::kArray:
      return "Array";
    case JsonKind::kString:
      return "String";
    case JsonKind::kNumber:
      return "Number";
    case JsonKind::kInvalid:
      break;
  }
  return "Invalid";
}

JsonReader::JsonReader(const std::string& text)
    : begin_(text.c_str()), at_(begin_), end_(begin_ + text.size()) {
  if (text.starts_with(kByteOrderMark)) at_ += kByteOrderMark.size();
  if (text.empty()) {
    error_ = InvalidArgumentError("JSON Parse error: The document is empty");
  } else if (PeekChar() == '\0' && at_ == end_) {
    Fail("The document is empty.", at_);
  }
}

bool JsonReader::Fail(std::string_view what, const char* where) {
  if (ok()) {
    error_ = InvalidArgumentError("JSON Parse error: {} at offset: {}", what, where - begin_);
  }
  return false;
}

bool JsonReader::Fail(NumberError error, const char* where) {
  switch (error) {
    case NumberError::kMissingFraction:
      return Fail("Miss fraction part in number.", where);
    case NumberError::kMissingExponent:
      return Fail("Miss exponent in number.", where);
    case NumberError::kNone:
    case NumberError::kInvalidValue:
      break;
  }
  return Fail("Invalid value.", where);
}

JsonKind JsonReader::Peek() {
  SkipBlanks();
  return kKinds[static_cast<unsigned char>(*at_)];
}

bool JsonReader::Enter(char bracket) {
  if (!ok() || PeekChar() != bracket) return false;
  ++at_;
  is_first_ = true;
  return true;
}

bool JsonReader::NextElement() {
  if (!ok()) return false;
  const char c = PeekChar();
  const bool is_first = std::exchange(is_first_, false);
  if (c == ']') {
    ++at_;
    return false;
  }
  if (is_first) return true;
  if (c != ',') return Fail("Missing a comma or ] after an array element.", at_);
  ++at_;
  return true;
}

bool JsonReader::NextMember(std::string_view* key) {
  if (!ok()) return false;
  const char c = PeekChar();
  const bool is_first = std::exchange(is_first_, false);
  if (c == '}') {
    ++at_;
    return false;
  }
  if (!is_first) {
    if (c != ',') return Fail("Missing a comma or } after an object member.", at_);
    ++at_;
  }
  if (PeekChar() != '"') return Fail("Missing a name for object member.", at_);
  if (!ReadString(key)) return false;
  if (PeekChar() != ':') return Fail("Missing a colon after a name of object member.", at_);
  ++at_;
  return true;
}

bool JsonReader::ReadString(std::string_view* value) {
  if (!ok() || PeekChar() != '"') return false;
  const char* const begin = at_ + 1;
  at_ = FindSpecial(begin, end_);
  if (*at_ != '"') return ReadEscaped(begin, value);
  *value = {begin, static_cast<size_t>(at_ - begin)};
  ++at_;
  return true;
}

// The rest of a string, from the first byte that has to be looked at.
bool JsonReader::ReadEscaped(const char* begin, std::string_view* value) {
  scratch_.assign(begin, at_);
  while (*at_ != '"') {
    if (*at_ == '\0') return Fail("Missing a closing quotation mark in string.", at_);
    if (*at_ != '\\') return Fail("Invalid encoding in string.", at_);
    const char* const escape = at_;
    if (const char* problem = Unescape(&at_, &scratch_); problem != nullptr) {
      return Fail(problem, escape);
    }
    const char* const from = at_;
    at_ = FindSpecial(at_, end_);
    scratch_.append(from, at_);
  }
  ++at_;
  *value = scratch_;
  return true;
}

bool JsonReader::ReadNumber(JsonNumber* value) {
  if (!ok()) return false;
  SkipBlanks();
  const NumberError error = ScanNumber(at_, end_, value);
  if (error != NumberError::kNone) return Fail(error, value->end);
  at_ = value->end;
  if (value->is_integer && value->is_exact) return true;
  if (value->special == JsonNumber::Special::kNone && std::isinf(ToDouble(*value))) {
    return Fail("Number too big to be stored in double.", value->begin);
  }
  return true;
}

bool JsonReader::ReadLiteral(std::string_view word) {
  if (!ok()) return false;
  SkipBlanks();
  for (const char c : word) {
    if (*at_ != c) return Fail("Invalid value.", at_);
    ++at_;
  }
  return true;
}

bool JsonReader::SkipScalar() {
  std::string_view text;
  JsonNumber number;
  switch (Peek()) {
    case JsonKind::kNull:
      return ReadLiteral("null");
    case JsonKind::kFalse:
      return ReadLiteral("false");
    case JsonKind::kTrue:
      return ReadLiteral("true");
    case JsonKind::kString:
      return ReadString(&text);
    case JsonKind::kNumber:
      return ReadNumber(&number);
    case JsonKind::kObject:
    case JsonKind::kArray:
    case JsonKind::kInvalid:
      break;
  }
  return Fail("Invalid value.", at_);
}

bool JsonReader::Skip() {
  std::string open;  // the brackets we are in
  std::string_view key;
  while (ok()) {
    const char c = PeekChar();
    if (c == '[' || c == '{') {
      if (open.size() == kMaxDepth) return Fail("Lists and objects are nested too deeply.", at_);
      Enter(c);
      open += c;
    } else if (!SkipScalar()) {
      return false;
    }
    // Leaves what ends here, and goes on to the next element or member.
    while (!open.empty() && !(open.back() == '[' ? NextElement() : NextMember(&key))) {
      if (!ok()) return false;
      open.pop_back();
    }
    if (open.empty()) return ok();
  }
  return false;
}

}  // namespace trainyard::serving

// Reads JSON piece by piece, in the order in which it stands in the text; nothing is built but what
// the caller makes of it.
//
// Accepts what TensorFlow Serving's parser accepts: JSON, NaN and infinities, a byte order mark,
// and anything after the document. Errors have its texts and offsets. Never recurses; input is
// untrusted. Thread-compatible.
//
//   JsonReader reader(text);
//   if (reader.EnterObject()) {
//     for (std::string_view key; reader.NextMember(&key);) reader.Skip();
//   }
//   if (!reader.ok()) return reader.error();
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "serving/json/number.h"

namespace trainyard::serving {

enum class JsonKind : uint8_t { kNull, kFalse, kTrue, kObject, kArray, kString, kNumber, kInvalid };

// "Null", "False", "True", "Object", "Array", "String" or "Number".
std::string_view JsonKindName(JsonKind kind);

class JsonReader {
 public:
  static constexpr size_t kMaxDepth = 10'000;  // of values that are skipped

  // The text is borrowed; its end is found by the zero byte that every std::string has.
  explicit JsonReader(const std::string& text);

  bool ok() const { return error_.ok(); }
  // InvalidArgument "JSON Parse error: ... at offset: N"; the first one stays.
  const Status& error() const { return error_; }

  // What the next value is, by its first character.
  JsonKind Peek();
  // The next character that is no blank, not consumed; '\0' at the end.
  char PeekChar() {
    SkipBlanks();
    return *at_;
  }

  // Each of these reads one thing and is false after an error, or if it is not there.
  bool EnterArray() { return Enter('['); }
  bool EnterObject() { return Enter('{'); }
  // Whether there is another element, which is then to be read; else the list has been left.
  bool NextElement();
  // The same for a member, whose key has been read; valid until the next string is.
  bool NextMember(std::string_view* key);

  // A string without its quotes, escapes resolved; valid until the next string is read.
  bool ReadString(std::string_view* value);
  bool ReadNumber(JsonNumber* value);
  bool ReadLiteral(std::string_view word);  // "true", "false" or "null"
  // Any value; checked like all others.
  bool Skip();

  // For going back to a place that was read before; only while ok().
  size_t offset() const { return static_cast<size_t>(at_ - begin_); }
  void Seek(size_t offset) { at_ = begin_ + offset; }
  size_t remaining() const { return static_cast<size_t>(end_ - at_); }
  // What stands from `from` to here.
  std::string_view TextSince(size_t from) const { return {begin_ + from, offset() - from}; }

  // For tight loops over numbers, which keep the place themselves.
  const char* place() const { return at_; }
  const char* end() const { return end_; }
  void set_place(const char* at) { at_ = at; }
  bool Fail(std::string_view what, const char* where);
  bool Fail(NumberError error, const char* where);

 private:
  bool Enter(char bracket);
  void SkipBlanks() {
    while (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r') ++at_;
  }
  bool ReadEscaped(const char* begin, std::string_view* value);
  bool SkipScalar();

  const char* begin_;
  const char* at_;
  const char* end_;
  bool is_first_ = false;  // nothing of the list or object just entered has been read
  std::string scratch_;
  Status error_;
};

}  // namespace trainyard::serving

// Writes JSON laid out as RapidJSON's PrettyWriter does, which TensorFlow Serving uses: four blanks
// a level, and lists either with one element a line or, while `single_line` is set, in one line.
//
// The caller says what comes next; nesting is the caller's affair. Thread-compatible.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "serving/json/escape.h"

namespace trainyard::serving {

class JsonLayout {
 public:
  void set_single_line(bool single_line) { single_line_ = single_line; }

  void StartObject() { Start('{'); }
  void StartArray() { Start('['); }
  void EndObject() { End('}', false); }
  void EndArray() { End(']', single_line_); }

  void Key(std::string_view name) {
    NewItem();
    AppendQuoted(name, &out_);
  }
  void String(std::string_view text) {
    NewItem();
    AppendQuoted(text, &out_);
  }

  // Puts down what stands before the next value; the value itself is then for the caller to append.
  void NewItem() {
    if (open_.empty()) return;
    Level& level = open_.back();
    const bool is_first = level.count++ == 0;
    if (!level.is_object) {
      if (!is_first) out_ += single_line_ ? ", " : ",";
      if (!single_line_) NewLine();
    } else if (level.count % 2 == 0) {
      out_ += ": ";
    } else {
      if (!is_first) out_ += ',';
      NewLine();
    }
  }
  std::string* out() { return &out_; }

 private:
  struct Level {
    bool is_object = false;
    size_t count = 0;  // keys and values, or elements
  };

  void NewLine() {
    out_ += '\n';
    out_.append(4 * open_.size(), ' ');
  }
  void Start(char bracket) {
    NewItem();
    out_ += bracket;
    open_.push_back({.is_object = bracket == '{'});
  }
  void End(char bracket, bool same_line) {
    const bool is_empty = open_.back().count == 0;
    open_.pop_back();
    if (!is_empty && !same_line) NewLine();
    out_ += bracket;
  }

  std::string out_;
  std::vector<Level> open_;
  bool single_line_ = false;
};

}  // namespace trainyard::serving

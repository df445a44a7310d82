// What a terminal shows after certain bytes: enough of a VT100, as xterm behaves, to look at what a
// program has drawn.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace trainyard::cli::testing {

class TerminalModel {
 public:
  TerminalModel(int columns, int rows) { Resize(columns, rows); }

  // The window has another size; what is cut off is lost, as in many terminals.
  void Resize(int columns, int rows) {
    columns_ = static_cast<size_t>(columns);
    cells_.resize(static_cast<size_t>(rows));
    for (auto& row : cells_) row.resize(columns_, " ");
    row_ = std::min(row_, cells_.size() - 1);
    column_ = std::min(column_, columns_ - 1);
    wraps_next_ = false;
  }

  // Bytes as they come: an escape sequence or a character may be cut in two.
  void Feed(std::string_view bytes) {
    for (const char c : bytes) Take(c);
  }

  std::string row(size_t number) const {
    std::string text;
    for (const std::string& cell : cells_[number]) text += cell;
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
  }
  std::vector<std::string> rows() const {
    std::vector<std::string> all;
    for (size_t i = 0; i < cells_.size(); ++i) all.push_back(row(i));
    while (!all.empty() && all.back().empty()) all.pop_back();
    return all;
  }
  size_t cursor_row() const { return row_; }
  size_t cursor_column() const { return column_; }
  bool is_cursor_visible() const { return is_cursor_visible_; }
  bool is_plain() const { return is_plain_; }  // no colour is left on
  int scrolled() const { return scrolled_; }   // lines that have left at the top
  int wrapped() const { return wrapped_; }     // lines that were too long
  int clears() const { return clears_; }       // of the whole screen
  // Sequences that this model does not know; a program should get by without.
  const std::string& unknown() const { return unknown_; }

 private:
  void Take(char c) {
    if (!sequence_.empty()) return TakeSequence(c);
    if (c == '\x1b') {
      sequence_ = c;
    } else if (c == '\n') {
      NextRow();
    } else if (c == '\r') {
      column_ = 0;
      wraps_next_ = false;
    } else if ((static_cast<unsigned char>(c) & 0xC0U) == 0x80U) {
      cells_[row_][last_column_] += c;  // more of the same character
    } else {
      Put(c);
    }
  }

  void Put(char c) {
    if (wraps_next_) {
      ++wrapped_;
      column_ = 0;
      NextRow();
    }
    cells_[row_][column_] = std::string(1, c);
    last_column_ = column_;
    wraps_next_ = column_ + 1 == columns_;
    if (!wraps_next_) ++column_;
  }

  void NextRow() {
    wraps_next_ = false;
    if (row_ + 1 < cells_.size()) {
      ++row_;
      return;
    }
    ++scrolled_;
    cells_.erase(cells_.begin());
    cells_.emplace_back(columns_, " ");
  }

  void TakeSequence(char c) {
    sequence_ += c;
    if (sequence_.size() == 2 && c == '[') return;
    if (sequence_.size() > 2 && (c < '@' || c > '~')) return;
    Obey(sequence_);
    sequence_.clear();
  }

  void Obey(const std::string& sequence) {
    const std::string argument = sequence.substr(2, sequence.size() - 3);
    const char kind = sequence.back();
    if (kind == 'm') {
      is_plain_ = argument.empty() || argument == "0";
    } else if (kind == 'H' && argument.empty()) {
      row_ = column_ = 0;
      wraps_next_ = false;
    } else if (kind == 'K') {
      // From the cursor, which in the last column stands on the character there; or all.
      Erase(row_, argument == "2" ? 0 : column_);
      wraps_next_ = false;
    } else if (kind == 'J') {
      clears_ += argument == "2" ? 1 : 0;
      Erase(row_, argument == "2" ? 0 : column_);
      for (size_t i = argument == "2" ? 0 : row_ + 1; i < cells_.size(); ++i) Erase(i, 0);
    } else if ((kind == 'l' || kind == 'h') && argument == "?25") {
      is_cursor_visible_ = kind == 'h';
    } else {
      unknown_ += sequence.substr(1) + " ";
    }
  }

  void Erase(size_t row, size_t from) {
    std::fill(cells_[row].begin() + static_cast<std::ptrdiff_t>(from), cells_[row].end(), " ");
  }

  size_t columns_ = 0;
  std::vector<std::vector<std::string>> cells_;  // each a character of one column
  size_t row_ = 0;
  size_t column_ = 0;
  size_t last_column_ = 0;
  bool wraps_next_ = false;  // the cursor is on the last column, which is written already
  bool is_cursor_visible_ = true;
  bool is_plain_ = true;
  int scrolled_ = 0;
  int wrapped_ = 0;
  int clears_ = 0;
  std::string sequence_;
  std::string unknown_;
};

}  // namespace trainyard::cli::testing

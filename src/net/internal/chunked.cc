#include "net/internal/chunked.h"

#include <algorithm>

namespace trainyard::net {
namespace {

// Extensions and trailers mean nothing to us; more than this of them is no honest request.
constexpr size_t kMaxIgnoredBytes = 8u << 10;

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

bool ChunkedReader::TakeSize(char c) {
  const int digit = HexDigit(c);
  if (digit >= 0) {
    if (left_ >> 56 != 0) return false;
    left_ = left_ * 16 + static_cast<uint64_t>(digit);
    has_size_ = true;
    return true;
  }
  if (!has_size_) return false;
  if (c == '\r') {
    part_ = Part::kSizeEnd;
  } else if (c == ';' || c == ' ' || c == '\t') {
    part_ = Part::kExtension;
  } else {
    return false;
  }
  return true;
}

// Lines up to an empty one.
bool ChunkedReader::TakeTrailer(char c, bool* is_done) {
  if (has_return_) {
    if (c != '\n') return false;
    has_return_ = false;
    *is_done = is_line_empty_;
    is_line_empty_ = true;
    return true;
  }
  if (c == '\n') return false;
  has_return_ = c == '\r';
  if (!has_return_) is_line_empty_ = false;
  return true;
}

ChunkedReader::State ChunkedReader::Read(std::string_view* input, size_t max_bytes,
                                         std::string* body) {
  while (!input->empty()) {
    if (part_ == Part::kData) {
      const size_t size = std::min<uint64_t>(left_, input->size());
      if (size > max_bytes - body->size()) return State::kTooLarge;
      body->append(input->substr(0, size));
      input->remove_prefix(size);
      left_ -= size;
      if (left_ == 0) part_ = Part::kDataEnd;
      continue;
    }
    const char c = input->front();
    input->remove_prefix(1);
    bool is_right = true;
    bool is_done = false;
    switch (part_) {
      case Part::kSize:
        is_right = TakeSize(c);
        break;
      case Part::kExtension:
        is_right = c != '\n' && ++line_bytes_ <= kMaxIgnoredBytes;
        if (c == '\r') part_ = Part::kSizeEnd;
        break;
      case Part::kSizeEnd:
        is_right = c == '\n';
        part_ = left_ == 0 ? Part::kTrailer : Part::kData;
        // A size that cannot be kept is refused before its data comes.
        if (left_ > max_bytes - body->size()) return State::kTooLarge;
        break;
      case Part::kDataEnd:
        is_right = c == '\r';
        part_ = Part::kDataNewLine;
        break;
      case Part::kDataNewLine:
        is_right = c == '\n';
        part_ = Part::kSize;
        has_size_ = false;
        break;
      case Part::kTrailer:
        is_right = ++line_bytes_ <= kMaxIgnoredBytes && TakeTrailer(c, &is_done);
        break;
      case Part::kData:
        break;
    }
    if (!is_right) return State::kMalformed;
    if (is_done) return State::kDone;
  }
  return State::kMore;
}

}  // namespace trainyard::net

// A body that comes in chunks (RFC 9112, section 7.1), put together as it arrives. Pure but for the
// state it keeps; thread-compatible; input is untrusted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace trainyard::net {

class ChunkedReader {
 public:
  enum class State { kMore, kDone, kMalformed, kTooLarge };

  // Takes what it can of `*input`, removes that, and appends the body's bytes to `*body`, which
  // never gets longer than `max_bytes`. After kDone what is left belongs to the next request.
  State Read(std::string_view* input, size_t max_bytes, std::string* body);

 private:
  enum class Part { kSize, kExtension, kSizeEnd, kData, kDataEnd, kDataNewLine, kTrailer };

  // Each handles one character of its part; false if it has no place there.
  bool TakeSize(char c);
  bool TakeTrailer(char c, bool* is_done);

  Part part_ = Part::kSize;
  uint64_t left_ = 0;  // of the chunk's size while it is read, of its data later
  bool has_size_ = false;
  size_t line_bytes_ = 0;  // of extensions and trailers, which we do not keep
  bool is_line_empty_ = true;
  bool has_return_ = false;
};

}  // namespace trainyard::net

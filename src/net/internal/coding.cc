#include "net/internal/coding.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

#include "net/internal/syntax.h"

namespace trainyard::net {
namespace {

constexpr int kGzipOrZlib = 15 + 32;  // zlib's way to ask for either, with its largest window
constexpr int kGzip = 15 + 16;
constexpr int kBareDeflate = -15;

struct Inflater {
  z_stream stream{};
  bool is_ready = false;

  explicit Inflater(int window) { is_ready = inflateInit2(&stream, window) == Z_OK; }
  ~Inflater() {
    if (is_ready) inflateEnd(&stream);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
};

Bytef* Bytes(const char* text) { return reinterpret_cast<Bytef*>(const_cast<char*>(text)); }

Result<std::string> UnpackAs(int window, std::string_view packed, size_t max_bytes) {
  Inflater inflater(window);
  CHECK(inflater.is_ready);
  z_stream& stream = inflater.stream;
  CHECK(packed.size() <= std::numeric_limits<uInt>::max());
  stream.next_in = Bytes(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string body;
  size_t used = 0;
  while (true) {
    if (used == body.size()) {
      // One byte more than allowed shows that there is more.
      const size_t wanted = std::max<size_t>({4096, 2 * used, 3 * packed.size()});
      if (used > max_bytes) return ResourceExhaustedError("the unpacked body is too large");
      body.resize(std::min(wanted, max_bytes + 1));
    }
    stream.next_out = Bytes(body.data() + used);
    stream.avail_out =
        static_cast<uInt>(std::min<size_t>(body.size() - used, std::numeric_limits<uInt>::max()));
    const uInt room = stream.avail_out;
    const int result = inflate(&stream, Z_NO_FLUSH);
    used += room - stream.avail_out;
    if (result == Z_STREAM_END) break;
    if (result != Z_OK) return InvalidArgumentError("the packed body is broken or cut short");
  }
  if (used > max_bytes) return ResourceExhaustedError("the unpacked body is too large");
  body.resize(used);
  return body;
}

// Whether a coding's parameters say "q=0", in whatever precision.
bool HasZeroWeight(std::string_view parameters) {
  const size_t at = parameters.find("q=");
  return at != parameters.npos &&
         Trim(parameters.substr(at + 2)).find_first_not_of("0.") == std::string_view::npos;
}

}  // namespace

Result<std::string> Unpack(std::string_view packed, size_t max_bytes) {
  Result<std::string> body = UnpackAs(kGzipOrZlib, packed, max_bytes);
  const bool is_gzip = packed.starts_with("\x1f\x8b");
  if (body.ok() || is_gzip || body.error().code() != StatusCode::kInvalidArgument) return body;
  return UnpackAs(kBareDeflate, packed, max_bytes);
}

std::string PackGzip(std::string_view body) {
  z_stream stream{};
  CHECK(deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  CHECK(body.size() <= std::numeric_limits<uInt>::max() / 2);
  std::string packed(deflateBound(&stream, static_cast<uLong>(body.size())), '\0');
  stream.next_in = Bytes(body.data());
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = Bytes(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

bool AcceptsGzip(std::string_view accept_encoding) {
  bool any = false;
  while (!accept_encoding.empty()) {
    const size_t end = std::min(accept_encoding.find(','), accept_encoding.size());
    const std::string_view item = accept_encoding.substr(0, end);
    const size_t semicolon = std::min(item.find(';'), item.size());
    const std::string_view coding = Trim(item.substr(0, semicolon));
    const bool is_wanted = !HasZeroWeight(item.substr(semicolon));
    if (coding == "gzip" || coding == "x-gzip") return is_wanted;
    if (coding == "*") any = is_wanted;
    accept_encoding.remove_prefix(std::min(end + 1, accept_encoding.size()));
  }
  return any;
}

}  // namespace trainyard::net

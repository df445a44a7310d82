// gzip and deflate, of bodies. Pure, thread-safe; input is untrusted.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace trainyard::net {

// Unpacks gzip, or deflate with or without its zlib header. InvalidArgument if it is none or not
// whole; ResourceExhausted as soon as there would be more than `max_bytes`.
Result<std::string> Unpack(std::string_view packed, size_t max_bytes);

// Packs as gzip, quickly rather than tightly.
std::string PackGzip(std::string_view body);

// Whether an Accept-Encoding header wants gzip: named, or "*", and not with a weight of zero.
bool AcceptsGzip(std::string_view accept_encoding);

}  // namespace trainyard::net

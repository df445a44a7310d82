// What may stand in the head of a request; the rest would let its text become headers of its own.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace trainyard::net {

// A method or a header's name (RFC 9110, 5.6.2).
bool IsToken(std::string_view text);

// A header's value: no line ends, no zero bytes.
bool IsHeaderValue(std::string_view text);

// Text for "%41"; nothing for a malformed escape.
std::optional<std::string> PercentDecode(std::string_view text);

// Without spaces, tabs and line ends around it.
std::string_view Trim(std::string_view text);

}  // namespace trainyard::net

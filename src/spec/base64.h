// Bytes written in letters (RFC 4648, section 4), as Secrets and binaryData hold them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace trainyard::spec {

// The bytes; nullopt for text that is not padded base64. Line breaks are passed over. Pure,
// thread-safe.
std::optional<std::string> DecodeBase64(std::string_view text);

}  // namespace trainyard::spec

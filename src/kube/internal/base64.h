// Base64 (RFC 4648, section 4) as kubeconfig files and Basic authentication use it.
// Pure, thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace trainyard::kube {

std::string EncodeBase64(std::string_view bytes);

// nullopt for text that is none. Line breaks, blanks and tabs are passed over: YAML blocks have
// them.
std::optional<std::string> DecodeBase64(std::string_view text);

}  // namespace trainyard::kube

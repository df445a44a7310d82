// The texts in Warning headers (RFC 7234, 5.5): `299 - "v1 is deprecated"`. Pure, thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace trainyard::kube {

// Of those with code 299, the one that API servers use. Whatever is malformed is passed over.
// Control characters become blanks: the texts are for logs and terminals.
std::vector<std::string> ParseWarnings(std::string_view header);

}  // namespace trainyard::kube

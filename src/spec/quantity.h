// Kubernetes' notation for amounts: 500m, 2, 1.5, 1Gi, 500M, 1e3.
#pragma once

#include <optional>
#include <string_view>

#include "base/status.h"
#include "spec/reader.h"

namespace trainyard::spec {

// The amount; nullopt for text that is none. A sign, a decimal number, and one of the suffixes
// n u m k M G T P E (powers of ten), Ki Mi Gi Ti Pi Ei (powers of 1024) or an exponent (e3, E-2).
std::optional<double> ParseQuantity(std::string_view text);

// The same from a file, where it may be written as a number or as text. InvalidArgument for other
// things and for negative amounts.
Result<double> ReadQuantity(const Reader& reader, const Node& node, std::string_view path);

}  // namespace trainyard::spec

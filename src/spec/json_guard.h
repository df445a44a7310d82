// A look at JSON text from outside before a parser sees it: size and nesting within bounds.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/status.h"

namespace trainyard::spec {

// InvalidArgument (starting with `what`) if the text is larger than max_bytes or nests deeper than
// max_depth. Says nothing about its being JSON. Thread-safe.
Status CheckJsonBounds(std::string_view what, std::string_view text, size_t max_bytes = 1 << 20,
                       int max_depth = 64);

}  // namespace trainyard::spec

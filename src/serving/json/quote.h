// How a JSON value is shown in an error message. Pure, thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace trainyard::serving {

// The value, which must be correct JSON, with TensorFlow Serving's line breaks and indents; cut
// after 256 bytes.
std::string QuoteJson(std::string_view json);

}  // namespace trainyard::serving

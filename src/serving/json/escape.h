// The escapes of JSON strings, and base64, in which JSON carries bytes. Pure, thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace trainyard::serving {

// Appends what the escape at `*at`, a backslash, stands for, as UTF-8, and moves behind it. What is
// wrong with it, or null. The text ends with a zero byte.
const char* Unescape(const char** at, std::string* out);

// Appends the string with quotes and escapes. Bytes beyond ASCII are left as they are.
void AppendQuoted(std::string_view text, std::string* out);

void AppendBase64(std::string_view bytes, std::string* out);

// Nothing if it is not base64: padding may be left out, blanks are ignored.
std::optional<std::string> DecodeBase64(std::string_view text);

}  // namespace trainyard::serving

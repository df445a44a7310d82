// Which words Kubernetes takes as names. Pure, thread-safe.
#pragma once

#include <cstddef>
#include <string_view>

namespace trainyard::spec {

inline constexpr size_t kMaxLabelSize = 63;

// RFC 1035: a Service's name, and so a TFJob's: starts with a letter, at most 63 characters.
bool IsServiceName(std::string_view name);

// RFC 1123: lower-case letters, digits and "-" inside, at most 63 characters. Volumes, containers
// and namespaces are named like this.
bool IsDnsLabel(std::string_view name);

// DNS labels joined by dots, at most 253 characters: most other objects.
bool IsDnsSubdomain(std::string_view name);

// A key of a ConfigMap or Secret. Always safe as a file name: no "/", not "." and never "..".
bool IsConfigKey(std::string_view key);

// Printable ASCII without "=".
bool IsVariableName(std::string_view name);

// At most 15 lower-case letters, digits and single "-" inside, with one letter among them.
bool IsPortName(std::string_view name);

// A label's value: empty, or at most 63 letters, digits, "-", "_" and "." with an alphanumeric end
// on either side.
bool IsLabelValue(std::string_view value);

// Not empty, not absolute, and without ".." among its parts: stays below any folder it is put in.
bool IsPathBelow(std::string_view path);

}  // namespace trainyard::spec

// The words of a Dockerfile instruction: cutting, quotes, and $VARIABLES. Internal to
// dockerfile.cc; all functions are pure and thread-safe.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace trainyard::spec {

// At white space.
std::vector<std::string> SplitWords(std::string_view text);
// At white space outside of quotes; quotes and escapes stay in the words.
std::vector<std::string> SplitQuotedWords(std::string_view text, char escape);

// ["a", "b"]: the JSON form of an instruction; nullopt for everything else, which Docker then takes
// for the shell form.
std::optional<std::vector<std::string>> ParseStringList(std::string_view text);

// A variable's value; nullopt if it is not set.
using Lookup = std::function<std::optional<std::string>(std::string_view name)>;

// The word with quotes and escapes removed and $NAME, ${NAME}, ${NAME:-default}, ${NAME-default},
// ${NAME:+other} and ${NAME+other} replaced; a variable that is not set is empty. Other forms in
// braces stay as they are. InvalidArgument for an open quote or brace, and for a value longer than
// kMaxExpansion.
inline constexpr size_t kMaxExpansion = 64 * 1024;
Result<std::string> ExpandWord(std::string_view word, char escape, const Lookup& lookup);

}  // namespace trainyard::spec

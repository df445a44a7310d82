// Absolute paths within arguments and values of variables, and their replacement.
//
// A local run has no mount namespace: where a container sees /data, this machine has the files
// elsewhere. So what a job file says about paths is rewritten: `--data=/data/mnist` becomes
// `--data=/home/me/volumes/data/mnist`. Pure; thread-safe.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace trainyard::local {

// What stands for a path, or nullopt if it stays.
using PathMapping = std::function<std::optional<std::string>(std::string_view path)>;

// Replaces each absolute path in the text by what `mapping` says. A path begins with a slash at
// the start of the text or after a blank, a quote or one of = : , ; ( [ { < > | & `, and ends
// before the next blank, quote or one of : , ; ) ] } < > | & = `. So `$PATH`-like lists, flags and
// commands of a shell are understood. What follows two slashes is no path (`gs://data/x`), but the
// one in `file:///data/x` is.
std::string ReplacePaths(std::string_view text, const PathMapping& mapping);

// The part of `path` below `directory`, "" for the directory itself and with a leading slash
// otherwise; nullopt if it is elsewhere: "/data/x" is below "/data", "/database" is not.
std::optional<std::string_view> PathBelow(std::string_view path, std::string_view directory);

}  // namespace trainyard::local

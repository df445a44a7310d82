// Looking at a model's base directory: which numbered versions are there, and are they whole?
//
// Thread-safe: no state. Only reads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace trainyard::serving {

// A version directory as seen at one moment.
struct VersionSeen {
  int64_t version = 0;
  std::string directory;
  std::string missing;      // what the version lacks to be loaded; empty if it is whole
  std::string fingerprint;  // changes whenever a file of the model does
  friend bool operator==(const VersionSeen&, const VersionSeen&) = default;
};

// The version a directory's name stands for: all of it must be one 64-bit number, leading zeros
// allowed. Pure.
std::optional<int64_t> ParseVersion(std::string_view name);

// What keeps a version with these files from being loaded, or "". `root` are the names in the
// version's directory, `variables` those in its variables/ (none if there is no such directory). A
// model without variables has no variables/. Pure.
std::string MissingPart(const std::vector<std::string>& root,
                        const std::optional<std::vector<std::string>>& variables);

// The versions below `base_path`, in ascending order. Fails as listing the directory fails.
Result<std::vector<VersionSeen>> ListVersions(const std::string& base_path);

}  // namespace trainyard::serving

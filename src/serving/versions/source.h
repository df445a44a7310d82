// Looking at a model's base directory: which numbered versions are there, and are they whole?
//
// Thread-safe: no state. Only reads.
#pragma once

#include <cstdint>
#include <functional>
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
  // Whether it may be loaded as far as its assets are concerned: nothing in a vocabulary file says
  // that it is only half there, so files that changed within the last second wait.
  bool is_settled = true;
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

// The line that refuses a directory with these names which is a model, but of a kind that is not
// served: a TFLite file, or the format from before SavedModel. "" if it is none of those. Pure.
std::string RefusedFormat(const std::vector<std::string>& root);

// A version's number and directory, its files not looked at.
struct VersionDirectory {
  int64_t version = 0;
  std::string directory;
};

// The versions below `base_path`, in ascending order; of two names for one number the later. Plain
// files are none. Fails as listing the directory fails.
Result<std::vector<VersionDirectory>> ListVersionDirectories(const std::string& base_path);

// Looks at the files of one version.
VersionSeen InspectVersion(int64_t version, const std::string& directory);

// Changes whenever an entry is added to or removed from the directory: its identity and the time of
// its last change, as far as that is long enough ago to be told from the next one. nullopt if it is
// not, or if the directory cannot be seen; then only listing tells.
std::optional<std::string> DirectoryStamp(const std::string& path);

}  // namespace trainyard::serving

// The checksums that may stand beside a model's files, in a file that `sha256sum` writes:
//
//   cd models/digits/3 && sha256sum saved_model.pb assets/* > SHA256SUMS
//
// A SavedModel has checksums of its variables, and none of its graph and assets: a flipped bit in a
// constant is a wrong number. With this file it is a load error. Thread-safe: no state.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace trainyard::serving {

inline constexpr char kChecksumFile[] = "SHA256SUMS";

struct FileChecksum {
  std::string file;    // below the version's directory
  std::string digest;  // 64 hexadecimal digits, lower case
  friend bool operator==(const FileChecksum&, const FileChecksum&) = default;
};

// Lines of a digest, two characters of which the second may be '*', and a path. InvalidArgument for
// another line, or a path that leads out of the directory. Pure; input is untrusted.
Result<std::vector<FileChecksum>> ParseChecksums(std::string_view text);

// OK if every file named in the directory's SHA256SUMS is there and matches, or if there is no such
// file. DataLoss names a file that does not match.
Status VerifyChecksums(const std::string& directory);

}  // namespace trainyard::serving

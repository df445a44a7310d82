// Small file operations with our error type. Every failure names the path and the system's reason.
// Thread-safe: no state.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace trainyard {

// The whole file. NotFound, PermissionDenied, or the system's reason.
Result<std::string> ReadFile(const std::string& path);

// Replaces `path` in one step: writes `path` plus a temporary suffix, syncs it, renames it over. On
// failure the old file is as it was and the temporary one is removed. Without `sync` the content
// survives the end of this process, but not surely that of the machine.
Status WriteFileAtomically(const std::string& path, std::string_view content, bool sync = true);

// Creates the directory and its parents; fine if it is there already.
Status MakeDirectories(const std::string& path);

// Whether a file or directory can be seen at `path`.
bool PathExists(const std::string& path);
bool IsDirectory(const std::string& path);

// Creates and removes a small file there: the only test that is right for every file system.
Status CheckWritableDirectory(const std::string& path);

// The names in a directory, sorted, without "." and "..".
Result<std::vector<std::string>> ListDirectory(const std::string& path);

// Removes a file or a whole tree; fine if nothing is there.
Status RemoveRecursively(const std::string& path);

Status RenamePath(const std::string& from, const std::string& to);

// `a/b`, whatever slashes the parts carry; an absolute second part stands alone.
std::string JoinPath(std::string_view directory, std::string_view name);

// The path from the root, "/" for the root itself: without empty, "." and ".." parts, which cannot
// lead above it, and without a slash at its end. Of the text alone: links are not followed.
std::string NormalPath(std::string_view path);

// A fresh directory below the system's temporary folder, removed with its content by the
// destructor.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace trainyard

#include "serving/versions/checksums.h"

#include <algorithm>
#include <cerrno>
#include <fstream>

#include "base/files.h"
#include "base/sha256.h"

namespace trainyard::serving {
namespace {

constexpr size_t kDigits = 64;

bool IsDigest(std::string_view text) {
  return text.size() == kDigits && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

// Whether a path stays below the directory it is read from.
bool StaysInside(const std::string& path) {
  return !path.starts_with('/') && path.find('\0') == std::string::npos &&
         ("/" + path + "/").find("/../") == std::string::npos;
}

Result<std::string> DigestOf(const std::string& path) {
  constexpr size_t kChunk = size_t{1} << 20;
  std::ifstream file(path, std::ios::binary);
  if (!file) return ErrnoError(errno, "cannot read {}", path);
  Sha256 digest;
  std::string chunk(kChunk, '\0');
  while (file.read(chunk.data(), kChunk), file.gcount() > 0) {
    digest.Update(std::string_view(chunk).substr(0, static_cast<size_t>(file.gcount())));
  }
  if (file.bad()) return DataLossError("cannot read {} to its end", path);
  return digest.Finish();
}

}  // namespace

Result<std::vector<FileChecksum>> ParseChecksums(std::string_view text) {
  std::vector<FileChecksum> files;
  for (int line = 1; !text.empty(); ++line) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view entry = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (entry.empty()) continue;
    const bool has_path = entry.size() > kDigits + 2 && entry[kDigits] == ' ' &&
                          (entry[kDigits + 1] == ' ' || entry[kDigits + 1] == '*');
    if (!has_path || !IsDigest(entry.substr(0, kDigits))) {
      return InvalidArgumentError("line {} is not as sha256sum writes them", line);
    }
    std::string path(entry.substr(kDigits + 2));
    if (!StaysInside(path)) {
      return InvalidArgumentError("line {} names a file outside the model's directory", line);
    }
    files.push_back({std::move(path), std::string(entry.substr(0, kDigits))});
  }
  return files;
}

Status VerifyChecksums(const std::string& directory) {
  const std::string path = JoinPath(directory, kChecksumFile);
  if (!PathExists(path)) return OkStatus();
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  const Result<std::vector<FileChecksum>> files = ParseChecksums(text);
  if (!files.ok()) return files.status().WithContext(path);
  for (const FileChecksum& file : *files) {
    ASSIGN_OR_RETURN(const std::string digest, DigestOf(JoinPath(directory, file.file)));
    if (digest != file.digest) {
      return DataLossError("{} is damaged: it does not match its checksum in {}",
                           JoinPath(directory, file.file), kChecksumFile);
    }
  }
  return OkStatus();
}

}  // namespace trainyard::serving

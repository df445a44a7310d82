#include "serving/versions/source.h"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "base/files.h"

namespace trainyard::serving {
namespace {

constexpr std::string_view kDataPrefix = "variables.data-";

// The shard count N in "variables.data-00000-of-0000N", or 0.
int ShardCount(std::string_view name) {
  constexpr size_t kLength = 8;  // "00000-of" before the last dash
  if (!name.starts_with(kDataPrefix)) return 0;
  name.remove_prefix(kDataPrefix.size());
  if (name.size() != kLength + 6 || name.substr(5, 4) != "-of-") return 0;
  int count = 0;
  std::from_chars(name.data() + kLength + 1, name.data() + name.size(), count);
  return count;
}

// Size and time of one file, "" if it cannot be seen.
std::string FileFingerprint(const std::string& directory, const std::string& name) {
  struct stat info{};
  if (stat(JoinPath(directory, name).c_str(), &info) != 0) return "";
  return fmt::format("{}:{}:{}.{}:{};", name, info.st_size, info.st_mtim.tv_sec,
                     info.st_mtim.tv_nsec, info.st_ino);
}

VersionSeen Inspect(int64_t version, const std::string& directory) {
  VersionSeen seen{.version = version, .directory = directory, .missing = "", .fingerprint = ""};
  const std::vector<std::string> root =
      ListDirectory(directory).value_or(std::vector<std::string>());
  std::optional<std::vector<std::string>> variables;
  const std::string variables_dir = JoinPath(directory, "variables");
  if (Result<std::vector<std::string>> names = ListDirectory(variables_dir); names.ok()) {
    variables = std::move(names).value();
  }
  seen.missing = MissingPart(root, variables);
  seen.fingerprint = FileFingerprint(directory, "saved_model.pb");
  for (const std::string& name : variables.value_or(std::vector<std::string>())) {
    seen.fingerprint += FileFingerprint(variables_dir, name);
  }
  return seen;
}

}  // namespace

std::optional<int64_t> ParseVersion(std::string_view name) {
  int64_t version = 0;
  const char* end = name.data() + name.size();
  const auto [rest, error] = std::from_chars(name.data(), end, version);
  if (error != std::errc() || rest != end) return std::nullopt;
  return version;
}

std::string MissingPart(const std::vector<std::string>& root,
                        const std::optional<std::vector<std::string>>& variables) {
  if (std::find(root.begin(), root.end(), "saved_model.pb") == root.end()) return "saved_model.pb";
  if (!variables) return "";
  const std::set<std::string> names(variables->begin(), variables->end());
  if (!names.contains("variables.index")) return "variables/variables.index";
  int shards = 0;
  for (const std::string& name : names) shards = std::max(shards, ShardCount(name));
  if (shards == 0) return "variables/variables.data-00000-of-00001";
  for (int i = 0; i < shards; ++i) {
    const std::string shard = fmt::format("{}{:05}-of-{:05}", kDataPrefix, i, shards);
    if (!names.contains(shard)) return "variables/" + shard;
  }
  return "";
}

Result<std::vector<VersionSeen>> ListVersions(const std::string& base_path) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, ListDirectory(base_path));
  std::vector<VersionSeen> versions;
  for (const std::string& name : names) {
    const std::optional<int64_t> version = ParseVersion(name);
    const std::string directory = JoinPath(base_path, name);
    if (version && IsDirectory(directory)) versions.push_back(Inspect(*version, directory));
  }
  std::stable_sort(versions.begin(), versions.end(),
                   [](const auto& a, const auto& b) { return a.version < b.version; });
  return versions;
}

}  // namespace trainyard::serving
